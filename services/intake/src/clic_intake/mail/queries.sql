-- Statements of the mails that are kept. Each has a name and a sentence.

-- name: keep
-- Keeps a mail; one that is kept already stays as it is.
INSERT INTO mail_kept (mail_id, story_id, reason, arrived_at, size_bytes, sealed, kept_until)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING;

-- name: aside
-- Mails that were set aside, newest first, before an arrival and an id; without what stands in them.
SELECT mail_id, story_id, reason, arrived_at, size_bytes, kept_until FROM mail_kept
WHERE kept_until IS NOT NULL AND ($1::timestamptz IS NULL OR (arrived_at, mail_id) < ($1, $2::uuid))
ORDER BY arrived_at DESC, mail_id DESC LIMIT $3;

-- name: of_request
-- Originals of a request, oldest first; without what stands in them.
SELECT mail_id, story_id, reason, arrived_at, size_bytes, kept_until FROM mail_kept
WHERE story_id = $1 AND kept_until IS NULL ORDER BY arrived_at, mail_id;

-- name: of_third_parties
-- What third parties answered, newest first; without what stands in it.
SELECT mail_id, story_id, reason, arrived_at, size_bytes, kept_until FROM mail_kept
WHERE reason = $1 AND kept_until IS NULL ORDER BY arrived_at DESC, mail_id DESC LIMIT $2;

-- name: kept
-- One mail, without what stands in it.
SELECT mail_id, story_id, reason, arrived_at, size_bytes, kept_until FROM mail_kept WHERE mail_id = $1;

-- name: sealed
-- What stands in one mail, sealed, and under whose key.
SELECT story_id, sealed FROM mail_kept WHERE mail_id = $1;

-- name: forget
-- Removes a mail that was set aside.
DELETE FROM mail_kept WHERE mail_id = $1 AND kept_until IS NOT NULL RETURNING story_id;

-- name: forget_expired
-- Removes some mails that were set aside and whose time is over; gives whose keys go with them.
DELETE FROM mail_kept WHERE mail_id IN (
    SELECT mail_id FROM mail_kept WHERE kept_until < $1 ORDER BY kept_until LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING story_id;

-- name: forget_keys
-- Removes the keys of mails that were set aside: entries of the register without a reference.
DELETE FROM request WHERE request_id = ANY ($1::uuid[]) AND reference IS NULL;

-- name: knows_contact
-- Whether a digest is that of a contact of a request's requester.
SELECT EXISTS (SELECT FROM requester_contact WHERE digest = $1 AND request_id = $2);
