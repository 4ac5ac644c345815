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
