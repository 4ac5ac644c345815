-- The figures of a period. $1 is its first instant, $2 the first instant after it. `{schema}` is where the tables are.

-- name: readers_lock
-- Held while a report is made: a rebuild swaps its tables in when no report is under way.
SELECT pg_advisory_lock_shared(hashtext('clic reporting'), hashtext($1))

-- name: readers_unlock
-- The report is made.
SELECT pg_advisory_unlock_shared(hashtext('clic reporting'), hashtext($1))

-- name: swappers_lock
-- Held while a rebuild swaps its tables in.
SELECT pg_advisory_xact_lock(hashtext('clic reporting'), hashtext($1))

-- name: hold_checkpoint
-- Waits for the service's transaction under way and keeps the next one waiting; readers go on.
LOCK TABLE {schema}.checkpoint IN SHARE ROW EXCLUSIVE MODE

-- name: bounds
-- The instants of a period from its days, in the town's time.
SELECT $1::date::timestamp AT TIME ZONE 'America/Toronto' AS starts_at,
       $2::date::timestamp AT TIME ZONE 'America/Toronto' AS ends_at

-- name: checkpoint
-- What the tables were made from.
SELECT sequence, stream, stream_created_at, definition, town, updated_at FROM {schema}.checkpoint WHERE projection = 'reporting'

-- name: received
-- Requests received, in every grouping that the report gives.
SELECT kind, status, first_channel, department, subject, first_line, unusual, origin, confidential, outcome_assumed,
       count(*) AS requests
FROM {schema}.fact_request WHERE received_at >= $1 AND received_at < $2
GROUP BY kind, status, first_channel, department, subject, first_line, unusual, origin, confidential, outcome_assumed

-- name: balance
-- Pending at the start, and what moved in the period (POL-32). Each part is counted from its own index.
SELECT (SELECT count(*) FROM {schema}.fact_request WHERE received_at < $1)
     - (SELECT count(*) FROM {schema}.fact_treatment WHERE treated_at < $1)
     + (SELECT count(*) FROM {schema}.fact_treatment WHERE reopened_at < $1) AS pending_at_start,
       (SELECT count(*) FROM {schema}.fact_request WHERE received_at < $2)
     - (SELECT count(*) FROM {schema}.fact_treatment WHERE treated_at < $2)
     + (SELECT count(*) FROM {schema}.fact_treatment WHERE reopened_at < $2) AS pending_at_end,
       (SELECT count(*) FROM {schema}.fact_treatment WHERE treated_at >= $1 AND treated_at < $2) AS treatments,
       (SELECT count(*) FROM {schema}.fact_treatment WHERE reopened_at >= $1 AND reopened_at < $2) AS reopenings,
       (SELECT count(*) FROM {schema}.fact_treatment WHERE treated_at >= $1 AND treated_at < $2 AND assumed)
     + (SELECT count(*) FROM {schema}.fact_treatment WHERE reopened_at >= $1 AND reopened_at < $2 AND reopening_assumed)
       AS assumed

-- name: interactions
-- Contacts by channel (POL-31), and follow-ups answered on the spot (POL-34).
SELECT channel, count(*) AS interactions, count(*) FILTER (WHERE NOT first_contact) AS follow_ups,
       count(*) FILTER (WHERE NOT first_contact AND answered_first_line) AS follow_ups_first_line
FROM {schema}.fact_interaction WHERE occurred_at >= $1 AND occurred_at < $2
GROUP BY channel

-- name: obligations
-- Obligations of the requests received, by kind and by what came of them.
SELECT o.obligation, o.state, count(*) AS obligations, count(*) FILTER (WHERE o.met_assumed) AS assumed
FROM {schema}.fact_obligation o JOIN {schema}.fact_request r USING (request_id)
WHERE r.received_at >= $1 AND r.received_at < $2
GROUP BY o.obligation, o.state

-- name: quarters
-- The quarters from the first fact to the last with their balance, the newest first.
SELECT period, received, treated, pending_at_end FROM {schema}.indicator_pol32_balance ORDER BY period DESC

-- name: view_columns
-- Views of schema $1 among the names $2, with their columns and what the database says of each.
SELECT c.relname AS view, coalesce(obj_description(c.oid, 'pg_class'), '') AS view_comment,
       a.attname AS column, coalesce(col_description(c.oid, a.attnum), '') AS column_comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = $1 AND c.relname = ANY($2::text[]) AND c.relkind = 'v' AND a.attnum > 0
ORDER BY c.relname, a.attnum

-- name: view_rows
-- The rows of a view, of the quarter $1 or of all, the newest quarter first, $2 at most.
SELECT * FROM {schema}.{view} AS v WHERE $1::text IS NULL OR v.period = $1 ORDER BY v.period DESC, v LIMIT $2
