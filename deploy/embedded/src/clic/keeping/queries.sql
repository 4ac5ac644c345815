-- Statements of backups and restores. Each has a name and a sentence.

-- name: columns
-- The tables of the schema public and their columns, without those that the database computes by itself.
SELECT c.relname AS table, array_agg(a.attname ORDER BY a.attnum) AS columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
GROUP BY c.relname ORDER BY c.relname;

-- name: sequences
-- Sequences: a copied table would begin to count anew.
SELECT schemaname || '.' || sequencename AS name FROM pg_sequences WHERE schemaname = 'public';

-- name: is_migrated
-- Whether migrations were ever applied here.
SELECT to_regclass('public.migration') IS NOT NULL;

-- name: migrations
-- The migrations that were applied, in their order.
SELECT name FROM migration ORDER BY name;

-- name: checksum
-- How many rows a table has, and a checksum that does not hang on their order: keys are unique, so that no two cancel out.
SELECT count(*) AS rows, coalesce(bit_xor(hash_record_extended(t, 0)), 0) AS checksum FROM {table} t;

-- name: erasures
-- Every erasure whose key is gone.
SELECT request_id::text, ground, actor, asked_at, erased_at FROM erasure WHERE erased_at IS NOT NULL;

-- name: ended_keys
-- Publishers' keys that ended.
SELECT key_id::text, ended_at, ended_by FROM publisher_key WHERE ended_at IS NOT NULL;

-- name: deployment_key
-- The deployment's key that wraps.
SELECT key_id FROM deployment_key WHERE retired_at IS NULL ORDER BY promoted_at DESC LIMIT 1;

-- name: wrapped_by
-- By which deployment keys something is wrapped.
SELECT key_id FROM request WHERE wrapped_key IS NOT NULL
UNION SELECT key_id FROM learning_draft UNION SELECT key_id FROM index_key;

-- name: destroy_keys
-- These keys go, and by the table's triggers what is indexed; gives whose were there.
UPDATE request r SET erased_at = coalesce(r.erased_at, e.erased_at), wrapped_key = NULL, due_since = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS e (request_id, erased_at)
WHERE r.request_id = e.request_id AND (r.erased_at IS NULL OR r.wrapped_key IS NOT NULL)
RETURNING r.request_id::text;

-- name: add_erasures
-- What the log or the register of erasures has as erased; one that is known keeps what it says.
INSERT INTO erasure (request_id, reference, ground, actor, cause_id, asked_at, erased_at, done_at)
SELECT e.request_id, r.reference, e.ground, e.actor, e.cause_id, e.erased_at, e.erased_at, e.erased_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
     AS e (request_id, ground, actor, cause_id, erased_at)
JOIN request r USING (request_id)
ON CONFLICT (request_id) DO UPDATE SET erased_at = coalesce(erasure.erased_at, excluded.erased_at);

-- name: reopen_erasures
-- Erased, and the log does not tell it: the service ends them, which writes the fact.
UPDATE erasure SET done_at = CASE WHEN request_id = ANY ($1::uuid[]) THEN coalesce(done_at, erased_at) END
WHERE erased_at IS NOT NULL;

-- name: end_keys
-- These publishers' keys had ended.
UPDATE publisher_key k SET ended_at = e.ended_at, ended_by = e.ended_by
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS e (key_id, ended_at, ended_by)
WHERE k.key_id = e.key_id AND k.ended_at IS NULL
RETURNING k.key_id::text;

-- name: register_lost
-- Requests that the log knows and this register does not keep their reference; the key is lost.
INSERT INTO request (request_id, reference, is_named)
SELECT l.request_id, l.reference, true FROM unnest($1::uuid[], $2::text[]) AS l (request_id, reference)
WHERE NOT EXISTS (SELECT FROM request r WHERE r.request_id = l.request_id)
ON CONFLICT DO NOTHING
RETURNING request_id::text;

-- name: raise_counters
-- No reference is given twice.
INSERT INTO reference_counter (year, last) SELECT * FROM unnest($1::int[], $2::int[]) AS c (year, last)
ON CONFLICT (year) DO UPDATE SET last = greatest(reference_counter.last, excluded.last);

-- name: registered
-- Whom the register holds, and under which reference; none: a contact that opened no request.
SELECT request_id::text, reference FROM request;

-- name: tables
-- The tables of a projection, but where it says how far it is.
SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'checkpoint' ORDER BY tablename;

-- name: not_told
-- Erasures that the service has still to end.
SELECT count(*) FROM erasure WHERE done_at IS NULL;

-- name: lost_requests
-- Requests that the register holds and the log does not: what came after the backup. They keep their reference, so that
-- whoever sends the same again gets it again, and nothing else.
UPDATE request SET key_id = NULL, wrapped_key = NULL, look_on = NULL, due_since = NULL
WHERE reference IS NOT NULL AND erased_at IS NULL AND request_id <> ALL ($1::uuid[])
RETURNING request_id::text, reference;

-- name: empty_schemas
-- Projections' schemas, and what rebuilds leave.
SELECT nspname AS name FROM pg_namespace
WHERE nspname = ANY ('{desk,docket,reporting,reporting_build,reporting_old}'::text[]);

-- name: remember
-- A whole backup was taken.
INSERT INTO backup (part, backup_id, position, taken_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
