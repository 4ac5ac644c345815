-- Statements about personal data. Each has a name and a sentence.

-- name: lock_keys
-- Waits for those who are wrapping keys, and keeps others from it until the transaction ends.
LOCK TABLE request, learning_draft, index_key IN SHARE ROW EXCLUSIVE MODE;

-- name: deployment_keys
-- The deployment's keys, the newest first.
SELECT key_id, promoted_at, retired_at, rewrapped_at FROM deployment_key ORDER BY promoted_at DESC, key_id;

-- name: newest_key
-- The key that wraps.
SELECT key_id FROM deployment_key WHERE retired_at IS NULL ORDER BY promoted_at DESC LIMIT 1;

-- name: promote_key
-- From now on this key wraps.
INSERT INTO deployment_key (key_id, promoted_at) VALUES ($1, $2);

-- name: retire_keys
-- From now on these keys wrap nothing new.
INSERT INTO deployment_key (key_id, promoted_at, retired_at) SELECT key_id, $2, $2 FROM unnest($1::text[]) AS k (key_id)
ON CONFLICT (key_id) DO UPDATE SET retired_at = coalesce(deployment_key.retired_at, excluded.retired_at);

-- name: wrapped_requests
-- Some requests' keys that are wrapped by these, in the order of their ids, taken from whoever else wraps them anew.
SELECT request_id::text AS name, wrapped_key FROM request
WHERE key_id = ANY ($1::text[]) AND wrapped_key IS NOT NULL AND request_id > $2
ORDER BY request_id LIMIT $3 FOR UPDATE SKIP LOCKED;

-- name: rewrap_requests
-- Puts newly wrapped keys in the place of those before.
UPDATE request r SET key_id = $1, wrapped_key = n.wrapped_key
FROM unnest($2::uuid[], $3::bytea[]) AS n (request_id, wrapped_key)
WHERE r.request_id = n.request_id AND r.wrapped_key IS NOT NULL;

-- name: wrapped_drafts
-- Drafts' keys that are wrapped by these; drafts are few.
SELECT draft_id::text AS name, wrapped_key FROM learning_draft WHERE key_id = ANY ($1::text[]) FOR UPDATE;

-- name: rewrap_drafts
-- Puts newly wrapped keys in the place of those before.
UPDATE learning_draft d SET key_id = $1, wrapped_key = n.wrapped_key
FROM unnest($2::uuid[], $3::bytea[]) AS n (draft_id, wrapped_key) WHERE d.draft_id = n.draft_id;

-- name: wrapped_indexes
-- Indexes' keys that are wrapped by these; there is one for each purpose.
SELECT purpose AS name, wrapped_key FROM index_key WHERE key_id = ANY ($1::text[]) FOR UPDATE;

-- name: rewrap_indexes
-- Puts newly wrapped keys in the place of those before.
UPDATE index_key i SET key_id = $1, wrapped_key = n.wrapped_key
FROM unnest($2::text[], $3::bytea[]) AS n (purpose, wrapped_key) WHERE i.purpose = n.purpose;

-- name: count_wrapped
-- How many keys are wrapped by these.
SELECT (SELECT count(*) FROM request WHERE key_id = ANY ($1::text[]) AND wrapped_key IS NOT NULL)
     + (SELECT count(*) FROM learning_draft WHERE key_id = ANY ($1::text[]))
     + (SELECT count(*) FROM index_key WHERE key_id = ANY ($1::text[]));

-- name: mark_rewrapped
-- Remembers that nothing is wrapped by these any more.
UPDATE deployment_key SET rewrapped_at = coalesce(rewrapped_at, $2) WHERE key_id = ANY ($1::text[]);

-- name: all_wrapped
-- Some wrapped keys of requests, whatever wraps them, in the order of their ids.
SELECT request_id::text AS name, wrapped_key FROM request
WHERE wrapped_key IS NOT NULL AND request_id > $1 ORDER BY request_id LIMIT $2;

-- name: few_wrapped
-- Every wrapped key that is no request's.
SELECT draft_id::text AS name, wrapped_key FROM learning_draft
UNION ALL SELECT purpose, wrapped_key FROM index_key;

-- name: add_index_key
-- Keeps an index's key; one that is there stays.
INSERT INTO index_key (purpose, key_id, wrapped_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: index_key
-- An index's key.
SELECT wrapped_key FROM index_key WHERE purpose = $1;

-- name: not_final
-- Erasures since the newest key wraps: a backup of before, with an older key, still opens what they erased.
SELECT count(*) FROM erasure WHERE erased_at > coalesce((SELECT max(promoted_at) FROM deployment_key), '-infinity');

-- name: find_people
-- Requests by digests of requesters' names and contacts, those that most of them lead to first.
SELECT r.request_id, r.reference, bool_or(f.named) AS by_name, bool_or(NOT f.named) AS by_contact
FROM (SELECT request_id, true AS named FROM requester_name WHERE digest = ANY ($1::bytea[])
      UNION ALL SELECT request_id, false FROM requester_contact WHERE digest = ANY ($2::bytea[])) f
JOIN request r USING (request_id)
WHERE r.erased_at IS NULL
GROUP BY r.request_id, r.reference
ORDER BY count(*) DESC, r.reference DESC NULLS LAST, r.request_id LIMIT $3;

-- name: openings_of
-- Who opened what is sealed of these requests, the newest first.
SELECT opened_at, agent, request_id, reason FROM opening
WHERE request_id = ANY ($1::uuid[]) ORDER BY opened_at DESC LIMIT $2;

-- name: openings_by
-- What somebody opened, the newest first.
SELECT opened_at, agent, request_id, reason FROM opening
WHERE agent = $1 AND opened_at >= $2 ORDER BY opened_at DESC LIMIT $3;

-- name: ask_erasure
-- Remembers that a request is to be erased, before anything is: what is cut off is ended by whoever looks next.
INSERT INTO erasure (request_id, reference, ground, actor, cause_id, asked_at)
SELECT request_id, reference, $2, $3, $4, $5 FROM request WHERE request_id = $1
ON CONFLICT DO NOTHING;

-- name: erasure
-- What is known of an erasure.
SELECT request_id, reference, ground, actor, cause_id, asked_at, erased_at, done_at FROM erasure WHERE request_id = $1;

-- name: drop_erasure
-- A rule forbade it: it was never asked.
DELETE FROM erasure WHERE request_id = $1 AND cause_id = $2 AND erased_at IS NULL;

-- name: destroy_key
-- The key goes, and by the table's triggers what is indexed of the request; one that was erased stays so.
UPDATE request SET erased_at = $2, wrapped_key = NULL, due_since = NULL WHERE request_id = $1 AND erased_at IS NULL;

-- name: mark_erased
-- Remembers that the key is destroyed.
UPDATE erasure SET erased_at = coalesce(erased_at, $2) WHERE request_id = $1;

-- name: mark_done
-- Remembers that nothing of it is left to do.
UPDATE erasure SET done_at = coalesce(done_at, $2) WHERE request_id = $1;

-- name: unfinished
-- Erasures that were cut off before this instant.
SELECT request_id::text, ground, actor, cause_id FROM erasure
WHERE done_at IS NULL AND asked_at < $1 ORDER BY asked_at LIMIT $2;

-- name: come_back
-- Requests that the log (as the worklists' table folds it) has as erased and that have a key all the same: a backup of
-- the register from before was restored.
SELECT d.request_id::text FROM desk.request d JOIN request r USING (request_id)
WHERE d.erased AND r.wrapped_key IS NOT NULL LIMIT $1;

-- name: erasures
-- What was erased in a span of time, the newest first.
SELECT request_id::text, reference, ground, actor, asked_at, erased_at, done_at FROM erasure
WHERE asked_at >= $1 AND asked_at < $2 ORDER BY asked_at DESC, request_id LIMIT $3;

-- name: retention_run
-- The run of a day.
SELECT run_on, looked, announced, erased, finished_at FROM retention_run WHERE run_on = $1;

-- name: last_delays
-- Under which delays retention was last looked after.
SELECT delays FROM retention_run ORDER BY run_on DESC LIMIT 1;

-- name: add_run
-- Remembers a day's run.
INSERT INTO retention_run (run_on, delays, looked, announced, erased, finished_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING;

-- name: forget_looks
-- Delays were changed: these requests are looked at anew.
WITH batch AS (
    SELECT request_id FROM request
    WHERE wrapped_key IS NOT NULL AND request_id > $1 ORDER BY request_id LIMIT $2
), looked AS (
    UPDATE request r SET look_on = NULL FROM batch WHERE r.request_id = batch.request_id AND r.look_on IS NOT NULL
)
SELECT request_id::text FROM batch ORDER BY request_id DESC LIMIT 1;

-- name: to_look_at
-- Some requests whose retention may have ended.
SELECT request_id::text, reference, due_since FROM request
WHERE wrapped_key IS NOT NULL AND (look_on IS NULL OR look_on <= $1)
ORDER BY look_on NULLS FIRST, request_id LIMIT $2;

-- name: due_or_to_look_at
-- Some requests that are announced, or whose retention may have ended, in the order of their ids.
SELECT request_id::text, reference, due_since FROM request
WHERE wrapped_key IS NOT NULL AND (look_on IS NULL OR look_on <= $1 OR due_since IS NOT NULL) AND request_id > $2
ORDER BY request_id LIMIT $3;

-- name: look_again
-- When a request is looked at next, and since when it is announced.
UPDATE request SET look_on = $2, due_since = $3 WHERE request_id = $1;
