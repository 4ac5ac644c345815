-- Statements about personal data. Each has a name and a sentence.

-- name: lock_keys
-- Waits for those who are wrapping keys, and keeps others from it until the transaction ends.
LOCK TABLE request, learning_draft, index_key IN SHARE ROW EXCLUSIVE MODE;

-- name: deployment_keys
-- The deployment's keys, the newest first.
SELECT key_id, promoted_at, retired_at, rewrapped_at FROM deployment_key ORDER BY promoted_at DESC, key_id;

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
