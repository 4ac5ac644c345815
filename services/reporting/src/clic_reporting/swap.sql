-- Statements of a rebuild that puts tables in the place of others. `{schema}` is where the live ones are.

-- name: swappers_lock
-- Held while a rebuild swaps its tables in: it waits for the reports that hold the readers' lock.
SELECT pg_advisory_xact_lock(hashtext('clic reporting'), hashtext($1))

-- name: hold_checkpoint
-- Waits for the service's transaction under way and keeps the next one waiting; readers go on.
LOCK TABLE {schema}.checkpoint IN SHARE ROW EXCLUSIVE MODE

-- name: rebuilders_lock
-- Held by a rebuild from its beginning to its end: one at a time.
SELECT pg_try_advisory_lock(hashtext('clic rebuild'))

-- name: no_rebuilder
-- Whether no rebuild is under way, and none begins before this transaction ends.
SELECT pg_try_advisory_xact_lock(hashtext('clic rebuild'))

-- name: horizon
-- The next transaction's number: whoever took a snapshot before it may not see all rows that were written until now.
SELECT pg_snapshot_xmax(pg_current_snapshot())::text

-- name: older_readers
-- Sessions whose snapshot is older than the horizon $1. Those of other roles are seen with pg_read_all_stats alone.
-- Autovacuum is none of them: it knows tables by their numbers, not by names, and may be at a large one for long.
SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
  AND age(backend_xmin) > age(($1::text::numeric % 4294967296)::text::xid)
