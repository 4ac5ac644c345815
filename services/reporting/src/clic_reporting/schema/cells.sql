-- In which cells of the sums a fact counts, said once. `clic_reporting.model` makes two views of each of these: one over
-- the tables (`{then}` is empty, the rows as they stand) for the sums, one over the rows as of `clic.as_of` (`{then}` is
-- `_then`) for what was known at another position. `{request}`, `{treatment}` and `{obligation}` are the rows.
--
-- A month is the first day of it, in America/Toronto. What is due by the end of a month has its limit at the first
-- instant of the next one, so that a limit's month is that of the instant before it. What has no value is '' in a cell.

CREATE VIEW {schema}._request_cell{then} AS
SELECT r.request_key, date_trunc('month', r.received_on::timestamp)::date AS month, r.kind, r.first_channel,
       coalesce(r.department, '') AS department, coalesce(r.subject, '') AS subject, r.first_line, r.unusual, r.origin,
       r.confidential, r.status, r.outcome_assumed
FROM {request} r;
COMMENT ON VIEW {schema}._request_cell{then} IS 'Where each request counts in request_count.';

CREATE VIEW {schema}._movement_cell{then} AS
SELECT r.request_key, date_trunc('month', r.received_on::timestamp)::date AS month,
       date_trunc('month', r.received_on::timestamp)::date AS received_month,
       coalesce(r.department, '') AS department, 'received' AS movement, '' AS how, false AS assumed
FROM {request} r
UNION ALL
SELECT t.request_key, date_trunc('month', t.treated_at AT TIME ZONE 'America/Toronto')::date,
       date_trunc('month', r.received_on::timestamp)::date, coalesce(r.department, ''), 'treated', t.how, t.assumed
FROM {treatment} t JOIN {request} r ON r.request_key = t.request_key
UNION ALL
SELECT t.request_key, date_trunc('month', t.reopened_at AT TIME ZONE 'America/Toronto')::date,
       date_trunc('month', r.received_on::timestamp)::date, coalesce(r.department, ''), 'reopened', t.how,
       t.reopening_assumed
FROM {treatment} t JOIN {request} r ON r.request_key = t.request_key
WHERE t.reopened_at IS NOT NULL;
COMMENT ON VIEW {schema}._movement_cell{then} IS 'Where each reception, treatment and reopening counts in movement_count.';

CREATE VIEW {schema}._obligation_cell{then} AS
SELECT o.request_key,
       date_trunc('month', (o.due_at - interval '1 microsecond') AT TIME ZONE 'America/Toronto')::date AS due_month,
       date_trunc('month', r.received_on::timestamp)::date AS received_month,
       coalesce(r.department, '') AS department, o.obligation, o.state,
       o.state = 'open' AND o.paused_since IS NOT NULL AS paused, o.met_assumed, o.due_at
FROM {obligation} o JOIN {request} r ON r.request_key = o.request_key
WHERE o.owed_by = 'town';  -- The time of others is nothing that the town keeps or misses.
COMMENT ON VIEW {schema}._obligation_cell{then} IS 'Where each obligation of the town counts in obligation_count.';

CREATE VIEW {schema}._delay_cell{then} AS
SELECT r.request_key, date_trunc('month', told.day::timestamp)::date AS month, coalesce(r.department, '') AS department,
       r.kind, 'acknowledged' AS measure, told.business_ordinal - received.business_ordinal AS business_days
FROM {request} r
JOIN {schema}.dim_date received ON received.day = r.received_on
JOIN {schema}.dim_date told ON told.day = (r.acknowledged_at AT TIME ZONE 'America/Toronto')::date
WHERE NOT r.acknowledged_assumed
UNION ALL
SELECT r.request_key, date_trunc('month', told.day::timestamp)::date, coalesce(r.department, ''), r.kind,
       'answered', told.business_ordinal - received.business_ordinal
FROM {request} r
JOIN {schema}.dim_date received ON received.day = r.received_on
JOIN {schema}.dim_date told ON told.day = (r.answered_at AT TIME ZONE 'America/Toronto')::date
WHERE NOT r.answered_assumed
UNION ALL
SELECT t.request_key, date_trunc('month', done.day::timestamp)::date, coalesce(r.department, ''), r.kind,
       'treated', done.business_ordinal - received.business_ordinal
FROM {treatment} t
JOIN {request} r ON r.request_key = t.request_key
JOIN {schema}.dim_date received ON received.day = r.received_on
JOIN {schema}.dim_date done ON done.day = (t.treated_at AT TIME ZONE 'America/Toronto')::date
WHERE t.how IN ('closed', 'refused') AND NOT t.assumed;
COMMENT ON VIEW {schema}._delay_cell{then} IS
  'Where each delay counts in delay_count. An assumed instant measures no delay; nor does a withdrawal, a duplicate or a mistake.';

CREATE VIEW {schema}._interaction_cell{then} AS
SELECT i.sequence, date_trunc('month', i.occurred_on::timestamp)::date AS month, i.channel, i.first_contact,
       i.answered_first_line, i.origin
FROM {interaction} i;
COMMENT ON VIEW {schema}._interaction_cell{then} IS 'Where each interaction counts in interaction_count.';
