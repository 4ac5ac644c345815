-- Statements about learnings and their drafts. Each has a name and a sentence.

-- name: add_learning
-- Remembers where a learning will stand in the log; said twice, once.
INSERT INTO learning (learning_id, cause_id, request_id, occurred_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: learnings
-- A page of a period's learnings, in the order in which they happened.
SELECT learning_id, cause_id, request_id, occurred_at FROM learning
WHERE occurred_at >= $1 AND occurred_at < $2 AND (occurred_at, learning_id) > ($3, $4)
ORDER BY occurred_at, learning_id LIMIT $5;

-- name: learning_at
-- When a learning happened: where a page goes on.
SELECT occurred_at FROM learning WHERE learning_id = $1;

-- name: readable_learnings
-- How many of these learnings there are, without those whose request was erased.
SELECT count(*) FROM learning l LEFT JOIN request r USING (request_id)
WHERE l.learning_id = ANY ($1::uuid[]) AND r.erased_at IS NULL;

-- name: record_openings
-- Remembers who opens the seals of these requests, when and why (POL-30).
INSERT INTO opening (opened_at, agent, request_id, reason) SELECT $1, $2, request_id, $4 FROM unnest($3::uuid[]) AS o (request_id);

-- name: record_reading
-- Remembers who reads unreviewed learnings, or a draft made from them (POL-30).
INSERT INTO learning_reading (read_at, agent, what, period, draft_id, learnings, reason) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: readings
-- The readings of a span of time, newest first.
SELECT read_at, agent, what, period, draft_id, learnings, reason FROM learning_reading
WHERE read_at >= $1 AND read_at < $2 ORDER BY read_at DESC LIMIT $3;

-- name: count_drafts
-- How many drafts there are.
SELECT count(*) FROM learning_draft;

-- name: add_draft
-- Keeps a new draft; one that is there stays as it is.
INSERT INTO learning_draft (draft_id, period, learnings, key_id, wrapped_key, sealed, version, edited_by, edited_at)
VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8) ON CONFLICT DO NOTHING;

-- name: draft
-- A draft, sealed.
SELECT * FROM learning_draft WHERE draft_id = $1;

-- name: drafts
-- What is known of the drafts of a period, or of all, without their texts.
SELECT draft_id, period, learnings, version, edited_by, edited_at, signed_by, signed_at FROM learning_draft
WHERE $1::text IS NULL OR period = $1 ORDER BY period, edited_at;

-- name: change_draft
-- Puts a new version in the place of the one that was read, and takes back who signed that off.
UPDATE learning_draft
SET sealed = $3, learnings = $4, version = version + 1, edited_by = $5, edited_at = $6, signed_by = NULL, signed_at = NULL
WHERE draft_id = $1 AND version = $2 AND NOT is_leaving RETURNING version;

-- name: sign_draft
-- Remembers who signed the version off that was read.
UPDATE learning_draft SET signed_by = $3, signed_at = $4
WHERE draft_id = $1 AND version = $2 AND NOT is_leaving RETURNING version;

-- name: take_leave
-- From here on a draft cannot be changed: the version that was signed off is being published.
UPDATE learning_draft SET is_leaving = true
WHERE draft_id = $1 AND version = $2 AND signed_by IS NOT NULL RETURNING version;

-- name: stay
-- A draft that could not be published can be changed again.
UPDATE learning_draft SET is_leaving = false WHERE draft_id = $1;

-- name: remove_draft
-- A draft goes, and its key with it.
DELETE FROM learning_draft WHERE draft_id = $1 RETURNING draft_id;

-- name: discard_draft
-- A draft that nobody publishes goes.
DELETE FROM learning_draft WHERE draft_id = $1 AND version = $2 AND NOT is_leaving RETURNING draft_id;

-- name: add_publication
-- Remembers where a text will stand in the log; said twice, once.
INSERT INTO learning_publication (publication_id, period) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: publications
-- The publications of a quarter.
SELECT publication_id FROM learning_publication WHERE period = $1 LIMIT $2;
