-- What analysts, reports, the dashboard and exports read. Every view obeys the session parameter `clic.as_of`: see the
-- comment of `as_of`. Of the two halves of a view only the one that `clic.as_of` asks for is executed: its condition
-- has no column in it, so that it is decided once, before the first row.

CREATE VIEW {schema}.as_of AS
SELECT {schema}.as_of_position() AS position, {schema}.as_of_instant() AS instant,
       {schema}.as_of_is_current() AS is_current;

CREATE VIEW {schema}.version AS
SELECT '{views}'::text AS views, c.definition AS rows, c.town AS rules, c.stream AS log,
       c.stream_created_at AS log_created_at, c.sequence AS position, c.updated_at
FROM (SELECT) one LEFT JOIN {schema}.checkpoint c ON c.projection = 'reporting';

CREATE VIEW {schema}.calendar_day AS
SELECT day, year, quarter, month, weekday, closed_because, business_day, business_ordinal FROM {schema}.dim_date;

CREATE VIEW {schema}.department AS SELECT department, name_fr, name_en, first_line FROM {schema}.dim_department;

CREATE VIEW {schema}.subject AS SELECT subject, name_fr, name_en, department FROM {schema}.dim_subject;

CREATE VIEW {schema}.channel AS SELECT channel, name_fr, name_en FROM {schema}.dim_channel;

CREATE VIEW {schema}.kind AS SELECT kind, name_fr, name_en FROM {schema}.dim_kind;

CREATE VIEW {schema}.rule_version AS
SELECT rule_version, first_sequence FROM {schema}.dim_rule_version
WHERE first_sequence <= (SELECT {schema}.as_of_position());

CREATE VIEW {schema}.request AS
SELECT r.request_key,
       CASE WHEN NOT r.confidential THEN r.request_id END AS request_id,
       CASE WHEN NOT r.confidential THEN r.reference END AS reference,
       r.kind, r.first_channel, r.language,
       CASE WHEN NOT r.confidential THEN r.subject END AS subject,
       CASE WHEN NOT r.confidential THEN r.sector END AS sector,
       r.requester, r.origin, r.publisher, r.confidential, r.rule_version, r.received_at, r.received_on, r.recorded_at,
       r.department, r.first_line, r.unusual, r.assignments, r.acknowledged_at, r.acknowledged_assumed, r.answered_at,
       r.answered_assumed, r.closed_at, r.reopenings, r.rating, r.erased_at, r.status, r.criterion, r.closing_reason, r.outcome_assumed,
       acknowledged.business_ordinal - received.business_ordinal AS acknowledged_business_days,
       answered.business_ordinal - received.business_ordinal AS answered_business_days,
       closed.business_ordinal - received.business_ordinal AS treated_business_days
FROM (
  SELECT request_key, request_id, reference, kind, first_channel, language, subject, sector, requester, origin, publisher,
         confidential, rule_version, received_at, received_on, recorded_at, department, first_line, unusual, assignments,
         acknowledged_at, acknowledged_assumed, answered_at, answered_assumed, closed_at, reopenings, rating, erased_at,
         status, criterion, closing_reason, outcome_assumed
  FROM {schema}.fact_request WHERE {schema}.as_of_is_current()
  UNION ALL
  SELECT request_key, request_id, reference, kind, first_channel, language, subject, sector, requester, origin, publisher,
         confidential, rule_version, received_at, received_on, recorded_at, department, first_line, unusual, assignments,
         acknowledged_at, acknowledged_assumed, answered_at, answered_assumed, closed_at, reopenings, rating, erased_at,
         status, criterion, closing_reason, outcome_assumed
  FROM {schema}._request_then WHERE NOT {schema}.as_of_is_current()
) r
LEFT JOIN {schema}.dim_date received ON received.day = r.received_on
LEFT JOIN {schema}.dim_date acknowledged ON acknowledged.day = (r.acknowledged_at AT TIME ZONE 'America/Toronto')::date
LEFT JOIN {schema}.dim_date answered ON answered.day = (r.answered_at AT TIME ZONE 'America/Toronto')::date
LEFT JOIN {schema}.dim_date closed ON closed.day = (r.closed_at AT TIME ZONE 'America/Toronto')::date;

CREATE VIEW {schema}.assignment AS
SELECT a.request_key, a.ordinal, a.sequence, a.routed_at, a.department, before.department AS from_department,
       a.first_line, a.unusual, CASE WHEN NOT r.confidential THEN a.rule END AS rule, a.rule_version, a.transfer
FROM {schema}.fact_assignment a
LEFT JOIN {schema}.fact_request r ON r.request_key = a.request_key
LEFT JOIN {schema}.fact_assignment before ON before.request_key = a.request_key AND before.ordinal = a.ordinal - 1
WHERE a.sequence <= (SELECT {schema}.as_of_position());

CREATE VIEW {schema}.treatment AS
SELECT t.request_key, t.ordinal, t.sequence, t.treated_at, t.how,
       coalesce(m.status, t.status) AS status,
       CASE WHEN m.status IS NULL THEN t.criterion ELSE m.criterion END AS criterion,
       CASE WHEN m.status IS NULL THEN t.closing_reason ELSE m.closing_reason END AS closing_reason,
       t.assumed, t.reopened_at, t.reopening_assumed
FROM {schema}._treatment_then t
LEFT JOIN LATERAL (
  SELECT a.status, a.criterion, a.closing_reason FROM {schema}.fact_treatment_amended a
  WHERE a.request_key = t.request_key AND a.ordinal = t.ordinal AND a.sequence <= (SELECT {schema}.as_of_position())
  ORDER BY a.sequence DESC LIMIT 1
) m ON true;

CREATE VIEW {schema}.obligation AS
SELECT o.request_key,
       CASE WHEN NOT o.confidential THEN o.reference END AS reference, o.kind, o.department, o.confidential,
       o.obligation_id, o.obligation, o.owed_by, o.sequence, CASE WHEN NOT o.confidential THEN o.rule END AS rule, o.rule_version,
       o.starts_at, o.due_at, ((o.due_at - interval '1 microsecond') AT TIME ZONE 'America/Toronto')::date AS due_on,
       o.state,
       CASE WHEN o.state IN ('met', 'lifted', 'lapsed') THEN o.state
            WHEN o.state = 'late' THEN 'met_late'
            WHEN o.owed_by <> 'town' AND o.due_at <= (SELECT {schema}.as_of_instant()) THEN 'lapsed'
            WHEN o.paused_since IS NOT NULL THEN 'paused'
            WHEN o.due_at <= (SELECT {schema}.as_of_instant()) THEN 'missed'
            WHEN o.warned AND o.owed_by = 'town' THEN 'at_risk'
            ELSE 'running' END AS standing,
       o.owed_by = 'town' AND o.state IN ('open', 'missed') AND o.paused_since IS NULL
         AND o.due_at <= (SELECT {schema}.as_of_instant()) AS overdue,
       CASE WHEN o.state = 'open' THEN o.paused_since END AS paused_since, o.met_at, o.met_assumed, o.lifted
FROM (
  SELECT o.*, r.reference, r.kind, r.department, r.confidential
  FROM (SELECT request_key, obligation_id, obligation, owed_by, sequence, rule, rule_version, starts_at, due_at, state,
               paused_since, warned_sequence IS NOT NULL AS warned, met_at, met_assumed, lifted
        FROM {schema}.fact_obligation) o
  JOIN {schema}.fact_request r ON r.request_key = o.request_key
  WHERE {schema}.as_of_is_current()
  UNION ALL
  SELECT o.*, r.reference, r.kind, r.department, r.confidential
  FROM {schema}._obligation_then o JOIN {schema}._request_then r ON r.request_key = o.request_key
  WHERE NOT {schema}.as_of_is_current()
) o;

CREATE VIEW {schema}.escalation AS
SELECT e.sequence, e.ordinal, e.request_key, e.obligation_id, o.obligation, e.due_at, e.step, e.escalated_to,
       e.escalated_at
FROM {schema}.fact_escalation e
JOIN {schema}.fact_obligation o ON o.request_key = e.request_key AND o.obligation_id = e.obligation_id
WHERE e.sequence <= (SELECT {schema}.as_of_position());

CREATE VIEW {schema}.interaction AS
SELECT i.sequence, i.ordinal, CASE WHEN NOT coalesce(r.confidential, false) THEN i.interaction_id END AS interaction_id,
       CASE WHEN NOT r.confidential THEN r.request_key END AS request_key, i.channel,
       CASE WHEN NOT coalesce(r.confidential, false) THEN i.subject END AS subject,
       i.first_contact, i.answered_first_line, i.origin, i.publisher, i.occurred_at, i.occurred_on, i.recorded_at
FROM {schema}.fact_interaction i
LEFT JOIN {schema}.fact_request r
  ON r.request_id = i.request_id AND r.request_key <= (SELECT {schema}.as_of_position())
WHERE i.sequence <= (SELECT {schema}.as_of_position());

CREATE VIEW {schema}.event AS
SELECT e.sequence, e.ordinal, d.event, d.decided_by, e.request_key, e.occurred_at, e.assumed, e.recorded_at, e.actor
FROM {schema}.fact_event e
JOIN {schema}.dim_event d ON d.event_key = e.event_key
LEFT JOIN {schema}.fact_request r ON r.request_key = e.request_key
WHERE e.sequence <= (SELECT {schema}.as_of_position()) AND NOT coalesce(r.confidential, false);

CREATE VIEW {schema}.learning AS
SELECT sequence, ordinal, period, text, published_at FROM {schema}.fact_learning l
WHERE sequence <= (SELECT {schema}.as_of_position())
  -- What was withdrawn is shown as of no position: a mistake is not told again.
  AND NOT EXISTS (SELECT FROM {schema}.fact_learning w WHERE w.publication_id = l.publication_id AND w.text = '');

CREATE VIEW {schema}.request_count AS
SELECT month, kind, first_channel, nullif(department, '') AS department, nullif(subject, '') AS subject, first_line,
       unusual, origin, confidential, status, outcome_assumed, requests
FROM (
  SELECT month, kind, first_channel, department, subject, first_line, unusual, origin, confidential, status,
         outcome_assumed, requests
  FROM {schema}.sum_request WHERE {schema}.as_of_is_current()
  UNION ALL
  SELECT month, kind, first_channel, department, subject, first_line, unusual, origin, confidential, status,
         outcome_assumed, count(*)
  FROM {schema}._request_cell_then WHERE NOT {schema}.as_of_is_current()
  GROUP BY month, kind, first_channel, department, subject, first_line, unusual, origin, confidential, status,
           outcome_assumed
) counted;

CREATE VIEW {schema}.movement_count AS
SELECT month, received_month, nullif(department, '') AS department, movement, nullif(how, '') AS how, assumed, requests
FROM (
  SELECT month, received_month, department, movement, how, assumed, requests
  FROM {schema}.sum_movement WHERE {schema}.as_of_is_current()
  UNION ALL
  SELECT month, received_month, department, movement, how, assumed, count(*)
  FROM {schema}._movement_cell_then WHERE NOT {schema}.as_of_is_current()
  GROUP BY month, received_month, department, movement, how, assumed
) counted;

CREATE VIEW {schema}.obligation_count AS
SELECT due_month, received_month, nullif(department, '') AS department, obligation, state, paused, met_assumed,
       sum(obligations)::bigint AS obligations
FROM (
  SELECT due_month, received_month, department, obligation, state, paused, met_assumed, obligations
  FROM {schema}.sum_obligation WHERE {schema}.as_of_is_current()
  UNION ALL
  -- Those past due by now are counted from the rows, few of them as there are, and taken from the open ones. What
  -- stands still is not late.
  SELECT due_month, received_month, department, obligation, told.state, paused, met_assumed, sum(told.counted)
  FROM {schema}._obligation_cell c CROSS JOIN (VALUES ('overdue', 1), ('open', -1)) told (state, counted)
  WHERE {schema}.as_of_is_current() AND c.state = 'open' AND NOT c.paused AND c.due_at <= (SELECT {schema}.as_of_instant())
  GROUP BY due_month, received_month, department, obligation, told.state, paused, met_assumed
  UNION ALL
  SELECT due_month, received_month, department, obligation,
         CASE WHEN state = 'open' AND NOT paused AND due_at <= (SELECT {schema}.as_of_instant()) THEN 'overdue'
              ELSE state END,
         paused, met_assumed, count(*)
  FROM {schema}._obligation_cell_then WHERE NOT {schema}.as_of_is_current()
  GROUP BY 1, 2, 3, 4, 5, 6, 7
) counted
GROUP BY due_month, received_month, counted.department, obligation, state, paused, met_assumed
HAVING sum(obligations) <> 0;

CREATE VIEW {schema}.access_count AS
SELECT date_trunc('month', r.received_on::timestamp)::date AS month, r.status, s.nature, s.outcome, s.provisions,
       EXISTS (
         SELECT FROM {schema}.fact_access d
         JOIN {schema}.fact_obligation o ON o.request_key = d.request_key AND o.obligation_id = d.told
         WHERE d.request_key = r.request_key AND d.step = 'deemed_refused'
           AND d.sequence <= (SELECT {schema}.as_of_position())
           AND {schema}.obligation_state_at(o.request_key, o.obligation_id, (SELECT {schema}.as_of_position())) <> 'met'
           AND NOT coalesce(o.lifted = 'replaced' AND o.lifted_sequence <= (SELECT {schema}.as_of_position()), false)
       ) AS deemed_refused,
       s.extended, s.third_parties, s.objections, s.reviews, s.review_outcome, count(*) AS requests
FROM (
  SELECT request_key, received_on, CASE WHEN closing_reason = 'merged' THEN 'merged' ELSE status END AS status
  FROM {schema}.fact_request WHERE kind = 'access_to_information' AND {schema}.as_of_is_current()
  UNION ALL
  SELECT request_key, received_on, CASE WHEN closing_reason = 'merged' THEN 'merged' ELSE status END
  FROM {schema}._request_then WHERE kind = 'access_to_information' AND NOT {schema}.as_of_is_current()
) r
CROSS JOIN LATERAL (
  SELECT (array_agg(a.told ORDER BY a.sequence DESC, a.ordinal DESC) FILTER (WHERE a.step = 'classified'))[1] AS nature,
         (array_agg(coalesce(a.told, 'unspecified') ORDER BY a.sequence DESC, a.ordinal DESC)
           FILTER (WHERE a.step = 'decided'))[1] AS outcome,
         (array_agg(a.amount ORDER BY a.sequence DESC, a.ordinal DESC) FILTER (WHERE a.step = 'decided'))[1]
           AS provisions,
         coalesce(bool_or(a.step = 'extended'), false) AS extended,
         (count(*) FILTER (WHERE a.step = 'third_party_identified'))::smallint AS third_parties,
         (count(*) FILTER (WHERE a.step = 'third_party_answered' AND a.told = 'objects'))::smallint AS objections,
         (count(*) FILTER (WHERE a.step = 'review_requested'))::smallint AS reviews,
         (array_agg(a.told ORDER BY a.sequence DESC, a.ordinal DESC) FILTER (WHERE a.step = 'review_decided'))[1]
           AS review_outcome
  FROM {schema}.fact_access a
  WHERE a.request_key = r.request_key AND a.sequence <= (SELECT {schema}.as_of_position())
) s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11;

CREATE VIEW {schema}.delay_count AS
SELECT month, nullif(department, '') AS department, kind, measure, business_days, requests
FROM (
  SELECT month, department, kind, measure, business_days, requests
  FROM {schema}.sum_delay WHERE {schema}.as_of_is_current()
  UNION ALL
  SELECT month, department, kind, measure, business_days, count(*)
  FROM {schema}._delay_cell_then WHERE NOT {schema}.as_of_is_current()
  GROUP BY month, department, kind, measure, business_days
) counted;

CREATE VIEW {schema}.interaction_count AS
SELECT month, channel, first_contact, answered_first_line, origin, interactions
FROM {schema}.sum_interaction WHERE {schema}.as_of_is_current()
UNION ALL
SELECT month, channel, first_contact, answered_first_line, origin, count(*)
FROM {schema}._interaction_cell_then WHERE NOT {schema}.as_of_is_current()
GROUP BY month, channel, first_contact, answered_first_line, origin;

CREATE FUNCTION {schema}.months_now() RETURNS TABLE (first_on date, last_on date)
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED ROWS 1
BEGIN ATOMIC
  SELECT least((SELECT min(month) FROM {schema}.sum_movement), (SELECT min(month) FROM {schema}.sum_interaction)),
         greatest((SELECT max(month) FROM {schema}.sum_movement), (SELECT max(month) FROM {schema}.sum_interaction));
END;
COMMENT ON FUNCTION {schema}.months_now() IS 'The first and the last month that anything happened in.';

CREATE FUNCTION {schema}.months_then() RETURNS TABLE (first_on date, last_on date)
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED ROWS 1
BEGIN ATOMIC
  SELECT date_trunc('month', min(day)::timestamp)::date, date_trunc('month', max(day)::timestamp)::date
  FROM (
    SELECT received_on AS day FROM {schema}._request_then
    UNION ALL SELECT occurred_on FROM {schema}._interaction_then
    UNION ALL SELECT (treated_at AT TIME ZONE 'America/Toronto')::date FROM {schema}._treatment_then
    UNION ALL SELECT (reopened_at AT TIME ZONE 'America/Toronto')::date FROM {schema}._treatment_then
  ) happened;
END;
COMMENT ON FUNCTION {schema}.months_then() IS 'The same as of clic.as_of.';

CREATE VIEW {schema}.calendar_quarter AS
WITH quarter AS (
  SELECT generate_series(date_trunc('quarter', first_on::timestamp), last_on::timestamp, interval '3 months') AS first_at
  FROM (
    SELECT first_on, last_on FROM {schema}.months_now() WHERE {schema}.as_of_is_current()
    UNION ALL
    SELECT first_on, last_on FROM {schema}.months_then() WHERE NOT {schema}.as_of_is_current()
  ) months
)
SELECT to_char(first_at, 'YYYY"-Q"Q') AS period,
       first_at::date AS first_on,
       (first_at + interval '2 months')::date AS last_month,
       (first_at + interval '3 months' - interval '1 day')::date AS last_on,
       first_at AT TIME ZONE 'America/Toronto' AS starts_at,
       (first_at + interval '3 months') AT TIME ZONE 'America/Toronto' AS ends_at
FROM quarter;

CREATE VIEW {schema}.calendar_month AS
SELECT q.period, (q.first_on + n * interval '1 month')::date AS month
FROM {schema}.calendar_quarter q CROSS JOIN generate_series(0, 2) n;

-- Comments. A column without one here has that of the same column of the table or view that it is taken from.

COMMENT ON VIEW {schema}.as_of IS
  'Which knowledge every view tells: SET clic.as_of = ''2026-04-15'' for what was known at the end of that day, digits for a position of the log, '''' for now. One row.';
COMMENT ON COLUMN {schema}.as_of.position IS 'Position in the log of the last fact that is told.';
COMMENT ON COLUMN {schema}.as_of.instant IS 'The end of that day, or when the log took that fact; what is due before it is past due.';
COMMENT ON COLUMN {schema}.as_of.is_current IS 'Whether that is all that is known.';

COMMENT ON VIEW {schema}.version IS 'What the figures are made by: the same versions, rules and position give the same figures. One row.';
COMMENT ON COLUMN {schema}.version.views IS 'Digest of the views and indicators: how figures are made of rows.';
COMMENT ON COLUMN {schema}.version.rows IS 'Digest of the fold and the tables: how rows are made of facts.';
COMMENT ON COLUMN {schema}.version.rules IS 'Version of the town''s configuration that decided the last fact.';
COMMENT ON COLUMN {schema}.version.log IS 'The log''s stream.';
COMMENT ON COLUMN {schema}.version.log_created_at IS 'When that stream was made: another one is another log.';
COMMENT ON COLUMN {schema}.version.position IS 'Up to which position the tables hold the log.';
COMMENT ON COLUMN {schema}.version.updated_at IS 'When they were written last.';

COMMENT ON VIEW {schema}.calendar_day IS 'Every day from 2000 to 2049 with Québec''s holidays and the town''s business days (POL-13).';
COMMENT ON VIEW {schema}.department IS 'The town''s departments, as its configuration names them now (POL-35).';
COMMENT ON VIEW {schema}.subject IS 'The town''s subjects, as its configuration names them now (POL-35).';
COMMENT ON VIEW {schema}.channel IS 'Ways in (POL-31).';
COMMENT ON VIEW {schema}.kind IS 'Kinds of request (POL-01 to POL-04).';
COMMENT ON VIEW {schema}.rule_version IS 'Versions of the town''s configuration that decided something.';

COMMENT ON VIEW {schema}.request IS
  'One row per request received. Confidential ones are counted and not told: no reference, id, subject or sector (POL-26).';
COMMENT ON COLUMN {schema}.request.request_id IS 'The request''s id in the log; null: confidential.';
COMMENT ON COLUMN {schema}.request.reference IS 'What the citizen quotes, such as 2026-004217; null: confidential.';
COMMENT ON COLUMN {schema}.request.subject IS 'Code of the town''s subject; null: no subject foresaw it (POL-36), or confidential.';
COMMENT ON COLUMN {schema}.request.sector IS 'Where, as coarsely as the town publishes it; null: nowhere, or confidential.';
COMMENT ON COLUMN {schema}.request.acknowledged_business_days IS
  'Business days after the day of reception to acknowledged_at; 0: the same day, 1: by the end of the next business day (POL-13).';
COMMENT ON COLUMN {schema}.request.answered_business_days IS 'The same to answered_at.';
COMMENT ON COLUMN {schema}.request.treated_business_days IS 'The same to closed_at.';

COMMENT ON VIEW {schema}.assignment IS 'One row per routing that took effect (POL-16, POL-20, POL-35).';
COMMENT ON COLUMN {schema}.assignment.from_department IS 'Who had it before; null: nobody.';
COMMENT ON COLUMN {schema}.assignment.rule IS 'Which rule of the town; null: a person chose, or confidential.';

COMMENT ON VIEW {schema}.treatment IS
  'One row per time that a request was treated. Treated in a period: treatments less reopenings in it (POL-32).';
COMMENT ON COLUMN {schema}.treatment.status IS 'The request''s status by it, as later facts amended it.';
COMMENT ON COLUMN {schema}.treatment.criterion IS 'The request''s criterion by it, likewise.';
COMMENT ON COLUMN {schema}.treatment.closing_reason IS 'The request''s closing_reason by it, likewise.';

COMMENT ON VIEW {schema}.obligation IS
  'One row per obligation of the town, and per delay that somebody else has (owed_by), with what one asks of its request (POL-13 to POL-15, POL-19, POL-22, POL-29).';
COMMENT ON COLUMN {schema}.obligation.reference IS 'What the citizen quotes; null: confidential (POL-26).';
COMMENT ON COLUMN {schema}.obligation.kind IS 'The request''s kind.';
COMMENT ON COLUMN {schema}.obligation.department IS 'Who answers the request; null: not routed yet.';
COMMENT ON COLUMN {schema}.obligation.confidential IS 'Whether the request is confidential.';
COMMENT ON COLUMN {schema}.obligation.rule IS 'By which standard of the town; null: confidential.';
COMMENT ON COLUMN {schema}.obligation.due_on IS 'The last day on which it is in time.';
COMMENT ON COLUMN {schema}.obligation.standing IS
  'How it stands at the instant of as_of, as the deadlines service says it: running, at_risk (running, and warned of), paused, missed (open and late, found so or not), met, met_late, lifted, lapsed (time of others that is over).';
COMMENT ON COLUMN {schema}.obligation.overdue IS 'Of the town, open or missed, not paused, and due before the instant of as_of: late now (POL-29).';
COMMENT ON COLUMN {schema}.obligation.paused_since IS 'Since when it stands still, waiting for the citizen: due_at will move when it goes on. null: it runs, or ended.';

COMMENT ON VIEW {schema}.escalation IS 'One row each time that somebody further up was told of a limit that was not kept (POL-29).';

COMMENT ON VIEW {schema}.interaction IS 'One row per contact with a citizen, the one that opened a request included (POL-31).';
COMMENT ON COLUMN {schema}.interaction.interaction_id IS 'Its id; that of the request for the contact that opened one; null: of a confidential request.';
COMMENT ON COLUMN {schema}.interaction.request_key IS 'The request that it opened or followed up; null: none, or a confidential one.';
COMMENT ON COLUMN {schema}.interaction.subject IS 'Code of the town''s subject, where one was noted; null also of a confidential request.';

COMMENT ON VIEW {schema}.event IS 'The timeline: one row per fact of the log, without what it says in text, nor those of confidential requests (POL-26).';
COMMENT ON COLUMN {schema}.event.event IS 'Wire type, such as request.received.v1.';
COMMENT ON COLUMN {schema}.event.decided_by IS 'The one service that decides it.';

COMMENT ON VIEW {schema}.learning IS 'What exchanges with citizens taught, reviewed and signed off for a report (POL-37).';

COMMENT ON VIEW {schema}.request_count IS 'Requests by month of reception (POL-32 to POL-36). Add the rows of any months.';
COMMENT ON COLUMN {schema}.request_count.month IS 'First day of the month in which they were received.';
COMMENT ON COLUMN {schema}.request_count.kind IS 'request, report, complaint, comment, suggestion or access_to_information.';
COMMENT ON COLUMN {schema}.request_count.first_channel IS 'By which way the first contact came.';
COMMENT ON COLUMN {schema}.request_count.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN {schema}.request_count.subject IS 'Code of the town''s subject; null: no subject foresaw them (POL-36).';
COMMENT ON COLUMN {schema}.request_count.first_line IS 'Answered by CLIC itself (POL-34).';
COMMENT ON COLUMN {schema}.request_count.unusual IS 'No rule or subject foresaw them (POL-36).';
COMMENT ON COLUMN {schema}.request_count.origin IS 'live, or backlog: taken over from an older system''s records.';
COMMENT ON COLUMN {schema}.request_count.confidential IS 'Told as counts alone (POL-26).';
COMMENT ON COLUMN {schema}.request_count.status IS 'What they are: closed (merged ones too), refused, withdrawn, voided, open, reopened.';
COMMENT ON COLUMN {schema}.request_count.outcome_assumed IS 'The instant of the last outcome is assumed.';
COMMENT ON COLUMN {schema}.request_count.requests IS 'How many.';

COMMENT ON VIEW {schema}.movement_count IS
  'Requests received, treated and reopened by the month in which that happened (POL-32). Pending at the end of a month: received − treated + reopened of all months up to it; by age: the same by received_month.';
COMMENT ON COLUMN {schema}.movement_count.month IS 'First day of the month in which it happened.';
COMMENT ON COLUMN {schema}.movement_count.received_month IS 'First day of the month in which the request was received.';
COMMENT ON COLUMN {schema}.movement_count.department IS 'Who answers the request; null: not routed yet.';
COMMENT ON COLUMN {schema}.movement_count.movement IS 'received, treated or reopened.';
COMMENT ON COLUMN {schema}.movement_count.how IS 'Treated how: closed, refused, withdrawn, merged or voided; of a reopening, how it had been treated; null: received.';
COMMENT ON COLUMN {schema}.movement_count.assumed IS 'The instant is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.movement_count.requests IS 'How many.';

COMMENT ON VIEW {schema}.obligation_count IS
  'Obligations of the town by the month of their last day (POL-29). On time: met / (met + late + missed + overdue), assumed ones aside. The time of others is not in it: count the rows of obligation by owed_by.';
COMMENT ON COLUMN {schema}.obligation_count.due_month IS 'First day of the month of the last day on which it is in time.';
COMMENT ON COLUMN {schema}.obligation_count.received_month IS 'First day of the month in which the request was received.';
COMMENT ON COLUMN {schema}.obligation_count.department IS 'Who answers the request; null: not routed yet.';
COMMENT ON COLUMN {schema}.obligation_count.obligation IS
  'acknowledge, judge, answer, promise, decide_access, outside_work or notify_third_party.';
COMMENT ON COLUMN {schema}.obligation_count.state IS
  'met (in time), late (met after its limit), missed (past due, not met), lifted, open, or overdue: open, past due, not paused, and nobody has said so yet.';
COMMENT ON COLUMN {schema}.obligation_count.paused IS 'Open, and standing still while the request waits for the citizen: neither late nor at risk.';
COMMENT ON COLUMN {schema}.obligation_count.met_assumed IS 'Met at an assumed instant, which measures nothing.';
COMMENT ON COLUMN {schema}.obligation_count.obligations IS 'How many.';

COMMENT ON VIEW {schema}.access_count IS
  'Access requests by the month of reception, as counts alone (POL-20 to POL-26). Add the rows of any months; what is published of them goes through the report (POL-38).';
COMMENT ON COLUMN {schema}.access_count.month IS 'First day of the month in which they were received.';
COMMENT ON COLUMN {schema}.access_count.status IS 'What they are: closed, merged, refused (not admissible), withdrawn, voided, open, reopened.';
COMMENT ON COLUMN {schema}.access_count.nature IS
  'administrative_documents, personal_information or rectification, as last said; null: nobody has said.';
COMMENT ON COLUMN {schema}.access_count.outcome IS
  'Of the newest decision: granted, partial, refused, no_document, other_body, or unspecified: an older record does not say; null: not decided.';
COMMENT ON COLUMN {schema}.access_count.provisions IS 'How many provisions of the law the newest decision relies on (A-2.1 art. 50); null: not decided.';
COMMENT ON COLUMN {schema}.access_count.deemed_refused IS
  'A limit passed in silence, which is a refusal (A-2.1 art. 52), decided later or not; not where it became known that it was decided, or the limit replaced, in time.';
COMMENT ON COLUMN {schema}.access_count.extended IS 'The delay was extended (POL-23, A-2.1 art. 47).';
COMMENT ON COLUMN {schema}.access_count.third_parties IS 'How many third parties the documents concern (A-2.1 art. 25).';
COMMENT ON COLUMN {schema}.access_count.objections IS 'How many of them object.';
COMMENT ON COLUMN {schema}.access_count.reviews IS 'How many reviews the Commission was asked for (POL-24, A-2.1 art. 135).';
COMMENT ON COLUMN {schema}.access_count.review_outcome IS
  'Of the newest review that ended: upheld, reversed, partly_reversed, settled or withdrawn; null: none ended.';
COMMENT ON COLUMN {schema}.access_count.requests IS 'How many.';

COMMENT ON VIEW {schema}.delay_count IS
  'Delays in business days from reception, as an exact histogram: medians and percentiles of any months and departments can be computed (POL-29).';
COMMENT ON COLUMN {schema}.delay_count.month IS 'First day of the month in which it was acknowledged, answered or treated.';
COMMENT ON COLUMN {schema}.delay_count.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN {schema}.delay_count.kind IS 'Kind of request.';
COMMENT ON COLUMN {schema}.delay_count.measure IS
  'acknowledged and answered (the first time), treated (each time it was closed or refused). Assumed instants are left out.';
COMMENT ON COLUMN {schema}.delay_count.business_days IS 'Business days after the day of reception; 0: the same day.';
COMMENT ON COLUMN {schema}.delay_count.requests IS 'How many.';

COMMENT ON VIEW {schema}.interaction_count IS 'Interactions by the month in which they happened (POL-31, POL-34).';
COMMENT ON COLUMN {schema}.interaction_count.month IS 'First day of that month.';
COMMENT ON COLUMN {schema}.interaction_count.channel IS 'By which way.';
COMMENT ON COLUMN {schema}.interaction_count.first_contact IS 'They opened a request.';
COMMENT ON COLUMN {schema}.interaction_count.answered_first_line IS 'Answered by CLIC on the spot (POL-34).';
COMMENT ON COLUMN {schema}.interaction_count.origin IS 'live, or backlog: taken over from an older system''s records.';
COMMENT ON COLUMN {schema}.interaction_count.interactions IS 'How many.';

COMMENT ON VIEW {schema}.calendar_quarter IS 'The quarters from the first fact to the last, in the town''s time.';
COMMENT ON COLUMN {schema}.calendar_quarter.period IS 'Such as 2022-Q1.';
COMMENT ON COLUMN {schema}.calendar_quarter.first_on IS 'First day.';
COMMENT ON COLUMN {schema}.calendar_quarter.last_month IS 'First day of its last month.';
COMMENT ON COLUMN {schema}.calendar_quarter.last_on IS 'Last day.';
COMMENT ON COLUMN {schema}.calendar_quarter.starts_at IS 'First instant.';
COMMENT ON COLUMN {schema}.calendar_quarter.ends_at IS 'First instant after it.';

COMMENT ON VIEW {schema}.calendar_month IS 'The months of those quarters.';
COMMENT ON COLUMN {schema}.calendar_month.period IS 'The quarter, such as 2022-Q1.';
COMMENT ON COLUMN {schema}.calendar_month.month IS 'First day of the month, as in the …_count views.';
