-- The figures of periods, from the views. `{schema}` is where they are; what they tell is set by `as_of`.

-- name: readers_lock
-- Held while a report is made: a rebuild swaps its tables in when no report is under way.
SELECT pg_advisory_lock_shared(hashtext('clic reporting'), hashtext($1))

-- name: readers_unlock
-- The report is made.
SELECT pg_advisory_unlock_shared(hashtext('clic reporting'), hashtext($1))

-- name: as_of
-- What every view tells until the transaction ends: nothing for now, a day, or a position of the log.
SELECT set_config('clic.as_of', $1, true)

-- name: standing
-- What the figures are told of, and by which definitions.
SELECT known.position, known.instant, made.rows AS definition, made.views AS indicators, made.log AS stream,
       made.log_created_at AS stream_created_at, made.updated_at,
       (SELECT rule_version FROM {schema}.rule_version ORDER BY first_sequence DESC LIMIT 1) AS town,
       CASE WHEN $1 ~ '-' AND known.instant = ($1::date + 1)::timestamp AT TIME ZONE 'America/Toronto' THEN $1 END AS as_of
FROM {schema}.as_of known CROSS JOIN {schema}.version made

-- name: received
-- Requests received in the months $1, by quarter, and by one thing at a time.
SELECT counted.quarter, told.by, told.code, sum(counted.requests)::bigint AS requests
FROM (
  SELECT to_char(month, 'YYYY"-Q"Q') AS quarter, kind, status, first_channel, coalesce(nullif(department, ''), '(none)') AS department,
         coalesce(nullif(subject, ''), '(none)') AS subject, first_line, unusual, origin, confidential, outcome_assumed,
         sum(requests) AS requests
  FROM {schema}.request_count WHERE month = ANY($1::date[])
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
) counted
CROSS JOIN LATERAL (VALUES
  ('kind', kind), ('status', status), ('first_channel', first_channel), ('department', department), ('subject', subject),
  ('flag', CASE WHEN first_line THEN 'first_line' END), ('flag', CASE WHEN unusual THEN 'unusual' END),
  ('flag', CASE WHEN confidential THEN 'confidential' END), ('flag', CASE WHEN origin = 'backlog' THEN 'backlog' END),
  ('flag', CASE WHEN outcome_assumed THEN 'outcome_assumed' END),
  ('flag', CASE WHEN kind = 'complaint' AND department = 'direction_generale' THEN 'to_direction_generale' END),
  ('unusual_kind', CASE WHEN unusual THEN kind END), ('unusual_channel', CASE WHEN unusual THEN first_channel END),
  ('unusual_department', CASE WHEN unusual THEN department END)
) told (by, code)
WHERE told.code IS NOT NULL
GROUP BY 1, 2, 3

-- name: movements
-- Everything that came in, was treated or was reopened, by quarter and by the month of reception (POL-32).
SELECT to_char(month, 'YYYY"-Q"Q') AS quarter, received_month, coalesce(nullif(department, ''), '(none)') AS department, movement,
       assumed, sum(requests)::bigint AS requests
FROM {schema}.movement_count GROUP BY 1, 2, 3, 4, 5

-- name: interactions
-- Contacts by quarter and channel (POL-31), and follow-ups answered on the spot (POL-34).
SELECT to_char(month, 'YYYY"-Q"Q') AS quarter, channel, sum(interactions)::bigint AS interactions,
       coalesce(sum(interactions) FILTER (WHERE NOT first_contact), 0)::bigint AS follow_ups,
       coalesce(sum(interactions) FILTER (WHERE NOT first_contact AND answered_first_line), 0)::bigint AS follow_ups_first_line
FROM {schema}.interaction_count GROUP BY 1, 2

-- name: obligations
-- Obligations of the months $1, by the quarter in which they were due and that of the reception.
SELECT due_month = ANY($1::date[]) AS due_then, to_char(due_month, 'YYYY"-Q"Q') AS due_quarter,
       received_month = ANY($1::date[]) AS received_then, to_char(received_month, 'YYYY"-Q"Q') AS received_quarter,
       coalesce(nullif(department, ''), '(none)') AS department, obligation, state, met_assumed, sum(obligations)::bigint AS obligations
FROM {schema}.obligation_count WHERE due_month = ANY($1::date[]) OR received_month = ANY($1::date[])
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8

-- name: delays
-- How often each delay occurred in the months $1, by quarter and department (POL-29).
SELECT to_char(month, 'YYYY"-Q"Q') AS quarter, coalesce(nullif(department, ''), '(none)') AS department, measure, business_days,
       sum(requests)::bigint AS requests
FROM {schema}.delay_count WHERE month = ANY($1::date[])
GROUP BY 1, 2, 3, 4

-- name: transfers
-- Requests taken from a department between $1 and $2 (days, the second exclusive), by quarter (POL-35).
SELECT to_char(routed_at AT TIME ZONE 'America/Toronto', 'YYYY"-Q"Q') AS quarter, count(*) AS requests
FROM {schema}.assignment
WHERE transfer AND routed_at >= $1::date::timestamp AT TIME ZONE 'America/Toronto'
  AND routed_at < $2::date::timestamp AT TIME ZONE 'America/Toronto'
GROUP BY 1

-- name: ratings
-- Satisfaction with requests received between $1 and $2 (days, the second exclusive), by quarter (POL-39).
SELECT to_char(received_on, 'YYYY"-Q"Q') AS quarter, rating::text AS rating, count(*) AS requests
FROM {schema}.request
WHERE rating IS NOT NULL AND received_at >= $1::date::timestamp AT TIME ZONE 'America/Toronto'
  AND received_at < $2::date::timestamp AT TIME ZONE 'America/Toronto'
GROUP BY 1, 2

-- name: learnings
-- What exchanges with citizens taught, as published for the periods $1, in the order of publication (POL-37).
SELECT period, text FROM {schema}.learning WHERE period = ANY($1::text[]) ORDER BY sequence, ordinal

-- name: differences
-- What of the period from $1 to $2 is told otherwise as of $4 than as of $3, request by request, $5 rows at most.
SELECT reference, what, earlier, later, requests FROM {schema}.report_difference($1, $2, $3, $4) LIMIT $5

-- name: checkpoint
-- What the tables were made from.
SELECT sequence, stream, stream_created_at, definition, town, updated_at FROM {schema}.checkpoint WHERE projection = 'reporting'
