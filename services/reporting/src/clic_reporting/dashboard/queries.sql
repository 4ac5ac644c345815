-- What the dashboard reads, a few statements a page, each bounded by the months that the town has or by a short range
-- of an index: how many requests there ever were does not matter. `{schema}` is where the tables are. $1 is the codes of
-- the departments that the reader asks for, null for all; `{scope}` restricts to them, and is no condition on a row where all
-- are asked for, so that an index alone may answer. Lists have $2 to $5: the departments whose confidential requests may be
-- listed, the department, the subject, and how many rows at most.

-- name: quickly
-- For this transaction: plans are made once a connection, and no workers are started. Half of every view tells the past and
-- is not executed, but it costs as much to plan as a page may take, and makes a plan look large enough for workers.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('max_parallel_workers_per_gather', '0', true),
       set_config('jit', 'off', true)

-- name: standing
-- How far the log was read, the end of the business day $2 ahead of today $1, and the end of this week.
SELECT c.sequence, c.updated_at,
       ((SELECT min(d.day) + 1 FROM {schema}.dim_date d
          WHERE d.day > $1::date AND d.business_ordinal >= t.business_ordinal + $2::int)::timestamp
        AT TIME ZONE 'America/Toronto') AS risk_until,
       ($1::date::timestamp AT TIME ZONE 'America/Toronto') AS today_from,
       (($1::date + 1)::timestamp AT TIME ZONE 'America/Toronto') AS today_until,
       (($1::date + 8 - extract(isodow FROM $1::date)::int)::timestamp AT TIME ZONE 'America/Toronto') AS week_until
FROM {schema}.checkpoint c, {schema}.dim_date t
WHERE c.projection = 'reporting' AND t.day = $1::date

-- name: position
-- How far the log was read, for the live page.
SELECT sequence FROM {schema}.checkpoint WHERE projection = 'reporting'

-- name: movements
-- What moved, by month and department, and beside it what is pending by month of reception (POL-32).
SELECT month, coalesce(department, '(none)') AS department, received_month, movement, sum(requests)::bigint AS requests
FROM {schema}.movement_count
WHERE {scope}
GROUP BY GROUPING SETS ((month, coalesce(department, '(none)'), movement), (received_month, movement))

-- name: obligations
-- Obligations by the month in which they were due, department and state (POL-29).
SELECT due_month, coalesce(department, '(none)') AS department, state, sum(obligations)::bigint AS obligations
FROM {schema}.obligation_count
WHERE {scope}
GROUP BY due_month, coalesce(department, '(none)'), state

-- name: answered
-- Business days to the answer, by month from $2 on: an exact histogram (POL-29).
SELECT month, business_days, sum(requests)::bigint AS requests
FROM {schema}.delay_count
WHERE {scope} AND measure = 'answered' AND month >= $2::date
GROUP BY month, business_days

-- name: subjects
-- What was received in the months $2 to $3 is about (POL-35).
SELECT coalesce(subject, '(none)') AS subject, sum(requests)::bigint AS requests
FROM {schema}.request_count
WHERE {scope} AND month >= $2::date AND month < $3::date
GROUP BY coalesce(subject, '(none)')

-- name: windows
-- What moved between the instants $2 and $3, pair by pair: days, where months are too coarse.
SELECT w.ordinal,
       (SELECT count(*) FROM {schema}.fact_request r
         WHERE r.received_at >= w.starts_at AND r.received_at < w.ends_at AND {scope_r}) AS received,
       (SELECT count(*) FROM {schema}.fact_treatment t {treated_by}
         WHERE t.treated_at >= w.starts_at AND t.treated_at < w.ends_at AND {scope_r})
     - (SELECT count(*) FROM {schema}.fact_treatment t {treated_by}
         WHERE t.reopened_at >= w.starts_at AND t.reopened_at < w.ends_at AND {scope_r}) AS treated
FROM (SELECT ordinal, starts_on::timestamp AT TIME ZONE 'America/Toronto' AS starts_at,
             ends_on::timestamp AT TIME ZONE 'America/Toronto' AS ends_at
      FROM unnest($2::date[], $3::date[]) WITH ORDINALITY AS each (starts_on, ends_on, ordinal)) w
ORDER BY w.ordinal

-- name: due
-- Open obligations of the town that are due from $2 on: until $3 (today), $4 (this week), $5 (at risk), by department
-- (POL-29). What stands still, waiting for the citizen, is none of these.
SELECT coalesce(r.department, '(none)') AS department,
       count(*) FILTER (WHERE o.due_at <= $3) AS today,
       count(*) FILTER (WHERE o.due_at <= $4) AS week,
       count(*) FILTER (WHERE o.due_at <= $5) AS risk
FROM {schema}.fact_obligation o JOIN {schema}.fact_request r USING (request_key)
WHERE o.state = 'open' AND o.owed_by = 'town' AND o.paused_since IS NULL
  AND o.due_at > $2 AND o.due_at <= greatest($4::timestamptz, $5::timestamptz) AND {scope_r}
GROUP BY coalesce(r.department, '(none)')

-- name: list_pending
-- Pending requests in the order in which they were registered, after the key $6.
SELECT {columns}, o.obligation, o.due_at, NULL AS obligation_id
FROM {schema}.fact_request r
LEFT JOIN LATERAL (
  SELECT owed.obligation, owed.due_at FROM {schema}.fact_obligation owed
  WHERE owed.request_key = r.request_key AND owed.state IN ('open', 'missed') AND owed.owed_by = 'town'
    AND owed.paused_since IS NULL
  ORDER BY owed.due_at, owed.obligation_id LIMIT 1) o ON true
WHERE r.status IN ('open', 'reopened') AND r.request_key > $6::bigint AND {listed}
ORDER BY r.request_key
LIMIT $5::int

-- name: list_received
-- Requests received from $8 until $9, the newest first, before the key $6 and its instant $7.
SELECT {columns}, o.obligation, o.due_at, NULL AS obligation_id
FROM {schema}.fact_request r
LEFT JOIN LATERAL (
  SELECT owed.obligation, owed.due_at FROM {schema}.fact_obligation owed
  WHERE owed.request_key = r.request_key AND owed.state IN ('open', 'missed') AND r.status IN ('open', 'reopened')
    AND owed.owed_by = 'town' AND owed.paused_since IS NULL
  ORDER BY owed.due_at, owed.obligation_id LIMIT 1) o ON true
WHERE r.received_at >= $8::timestamptz AND r.received_at < $9::timestamptz
  AND (r.received_at, r.request_key) < ($7::timestamptz, $6::bigint) AND {listed}
ORDER BY r.received_at DESC, r.request_key DESC
LIMIT $5::int

-- name: list_due
-- Obligations of the town, not kept nor standing still, that are due after $8 until $9, the first due first, after the key $6, its instant $7 and its id $10.
SELECT {columns}, o.obligation, o.due_at, o.obligation_id
FROM {schema}.fact_obligation o JOIN {schema}.fact_request r USING (request_key)
WHERE o.state IN ('open', 'missed') AND o.owed_by = 'town' AND o.paused_since IS NULL
  AND o.due_at > $8::timestamptz AND o.due_at <= $9::timestamptz
  AND (o.due_at, o.request_key, o.obligation_id) > ($7::timestamptz, $6::bigint, $10::text) AND {listed}
ORDER BY o.due_at, o.request_key, o.obligation_id
LIMIT $5::int

-- name: columns
-- What a list shows of a request.
r.request_key, r.request_id, r.reference, r.kind, r.subject, r.department, r.received_at, r.status, r.confidential

-- name: listed
-- Which rows a list may show: the reader's departments', confidential ones only to whose they are (POL-26), filtered.
(NOT r.confidential OR CASE WHEN r.kind = 'access_to_information' THEN 'greffe' = ANY($2::text[])
   ELSE EXISTS (SELECT 1 FROM {schema}.dim_subject s WHERE s.subject = r.subject AND s.department = ANY($2::text[])) END)
AND ($1::text[] IS NULL OR r.department = ANY($1::text[]) OR (r.confidential AND r.kind = 'access_to_information'))
AND ($3::text IS NULL OR coalesce(r.department, '(none)') = $3::text)
AND ($4::text IS NULL OR coalesce(r.subject, '(none)') = $4::text)
