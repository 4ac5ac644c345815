-- Statements about publishers' keys. Each has a name and a sentence.

-- name: publisher_of_key
-- Whose key has this digest, while it has not ended.
SELECT publisher FROM publisher_key WHERE digest = $1 AND ended_at IS NULL;

-- name: lock_publisher_keys
-- One key at a time is made, so that a publisher never has more than it may.
LOCK TABLE publisher_key IN SHARE ROW EXCLUSIVE MODE;

-- name: count_publisher_keys
-- How many keys of a publisher have not ended.
SELECT count(*) FROM publisher_key WHERE publisher = $1 AND ended_at IS NULL;

-- name: add_publisher_key
-- Keeps a new key's digest.
INSERT INTO publisher_key (key_id, publisher, label, digest, made_at, made_by) VALUES ($1, $2, $3, $4, $5, $6);

-- name: end_publisher_key
-- Ends a key: from the next request on it is nobody's.
UPDATE publisher_key SET ended_at = $2, ended_by = $3 WHERE key_id::text = $1 AND ended_at IS NULL RETURNING publisher;

-- name: publisher_keys
-- The keys of a publisher, or of all, oldest first, ended ones included.
SELECT key_id, publisher, label, made_at, made_by, ended_at, ended_by FROM publisher_key
WHERE $1::text IS NULL OR publisher = $1 ORDER BY publisher, made_at LIMIT $2;
