-- The tables and views of reporting. `{schema}` is `reporting` where they are live, `reporting_build` while a
-- rebuild makes them anew. Everything here is derived from the log and can be derived again by `clic rebuild`.

COMMENT ON SCHEMA {schema} IS
  'What the town''s requests amount to, derived from the log. Holds no personal data. Changes by itself: read only.';

CREATE TABLE {schema}.fact_request (
  request_id uuid PRIMARY KEY,
  reference text NOT NULL,
  kind text NOT NULL,
  first_channel text NOT NULL,
  language text NOT NULL,
  subject text,
  sector text,
  requester text NOT NULL,
  origin text NOT NULL,
  publisher text NOT NULL,
  confidential boolean NOT NULL,
  unusual boolean NOT NULL,
  received_at timestamptz NOT NULL,
  received_on date GENERATED ALWAYS AS ((received_at AT TIME ZONE 'America/Toronto')::date) STORED,
  recorded_at timestamptz NOT NULL,
  department text,
  first_line boolean NOT NULL,
  acknowledged_at timestamptz,
  routed_at timestamptz,
  answered_at timestamptz,
  closed_at timestamptz,
  reopened_at timestamptz,
  phase text NOT NULL,
  status text NOT NULL,
  criterion text,
  closing_reason text,
  outcome_assumed boolean NOT NULL,
  first_sequence bigint NOT NULL,
  last_sequence bigint NOT NULL
);
COMMENT ON TABLE {schema}.fact_request IS 'One row per request received, as it stands now (POL-01 to POL-04, POL-10, POL-32).';
COMMENT ON COLUMN {schema}.fact_request.request_id IS 'The request''s id in the log.';
COMMENT ON COLUMN {schema}.fact_request.reference IS 'What the citizen quotes, such as 2026-004217.';
COMMENT ON COLUMN {schema}.fact_request.kind IS 'request, report, complaint, comment, suggestion or access_to_information.';
COMMENT ON COLUMN {schema}.fact_request.first_channel IS 'By which channel it first came in; unknown where an older record does not say.';
COMMENT ON COLUMN {schema}.fact_request.language IS 'fr or en.';
COMMENT ON COLUMN {schema}.fact_request.subject IS 'Code of the town''s subject; null: none fits, or nobody named one.';
COMMENT ON COLUMN {schema}.fact_request.sector IS 'Where, as coarsely as the town publishes it.';
COMMENT ON COLUMN {schema}.fact_request.requester IS 'identified, partial or withheld; who it is never comes here.';
COMMENT ON COLUMN {schema}.fact_request.origin IS 'live, or backlog: taken over from an older system''s records.';
COMMENT ON COLUMN {schema}.fact_request.publisher IS 'Which publisher submitted it.';
COMMENT ON COLUMN {schema}.fact_request.confidential IS 'True: may appear as counts only, never row by row (POL-26).';
COMMENT ON COLUMN {schema}.fact_request.unusual IS 'Neither a rule nor a subject of the town foresaw it (POL-36).';
COMMENT ON COLUMN {schema}.fact_request.received_at IS 'When it happened in the town.';
COMMENT ON COLUMN {schema}.fact_request.received_on IS 'Its day in America/Toronto.';
COMMENT ON COLUMN {schema}.fact_request.recorded_at IS 'When the log took it.';
COMMENT ON COLUMN {schema}.fact_request.department IS 'Who answers, by the last routing; null: not routed yet.';
COMMENT ON COLUMN {schema}.fact_request.first_line IS 'Answered by CLIC itself (POL-34).';
COMMENT ON COLUMN {schema}.fact_request.acknowledged_at IS 'First acknowledgement; never before received_at.';
COMMENT ON COLUMN {schema}.fact_request.routed_at IS 'Last routing that took effect; never before received_at.';
COMMENT ON COLUMN {schema}.fact_request.answered_at IS 'Last answer; never before received_at.';
COMMENT ON COLUMN {schema}.fact_request.closed_at IS 'When it was last treated; null while it is pending.';
COMMENT ON COLUMN {schema}.fact_request.reopened_at IS 'When it was last reopened.';
COMMENT ON COLUMN {schema}.fact_request.phase IS 'Where it stands in the lifecycle table.';
COMMENT ON COLUMN {schema}.fact_request.status IS 'What it is now: closed (merged ones too), refused, withdrawn, voided, open, reopened.';
COMMENT ON COLUMN {schema}.fact_request.criterion IS 'On which criterion it was refused (POL-05 to POL-09).';
COMMENT ON COLUMN {schema}.fact_request.closing_reason IS 'answered, withdrawn, merged or refused (POL-27).';
COMMENT ON COLUMN {schema}.fact_request.outcome_assumed IS 'The instant of its last outcome is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_request.first_sequence IS 'Position in the log of its reception.';
COMMENT ON COLUMN {schema}.fact_request.last_sequence IS 'Position in the log of the last fact that changed this row or those that hang on it.';

CREATE TABLE {schema}.fact_treatment (
  request_id uuid NOT NULL,
  ordinal integer NOT NULL,
  treated_at timestamptz NOT NULL,
  how text NOT NULL,
  assumed boolean NOT NULL,
  reopened_at timestamptz,
  reopening_assumed boolean NOT NULL,
  PRIMARY KEY (request_id, ordinal)
);
COMMENT ON TABLE {schema}.fact_treatment IS
  'One row per time that a request was treated. Treated in a period: treatments less reopenings in it (POL-32).';
COMMENT ON COLUMN {schema}.fact_treatment.request_id IS 'Whose treatment.';
COMMENT ON COLUMN {schema}.fact_treatment.ordinal IS '1 for the first, 2 for the one after a reopening.';
COMMENT ON COLUMN {schema}.fact_treatment.treated_at IS 'Never before the reception, nor before the reopening that came before it.';
COMMENT ON COLUMN {schema}.fact_treatment.how IS 'closed, refused, withdrawn, merged or voided.';
COMMENT ON COLUMN {schema}.fact_treatment.assumed IS 'treated_at is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_treatment.reopened_at IS 'When it was reopened after this treatment; null: it was not.';
COMMENT ON COLUMN {schema}.fact_treatment.reopening_assumed IS 'reopened_at is assumed.';

CREATE TABLE {schema}.fact_interaction (
  interaction_id uuid PRIMARY KEY,
  request_id uuid,
  channel text NOT NULL,
  subject text,
  first_contact boolean NOT NULL,
  answered_first_line boolean NOT NULL,
  origin text NOT NULL,
  publisher text NOT NULL,
  occurred_at timestamptz NOT NULL,
  occurred_on date GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'America/Toronto')::date) STORED,
  recorded_at timestamptz NOT NULL,
  sequence bigint NOT NULL
);
COMMENT ON TABLE {schema}.fact_interaction IS 'One row per contact with a citizen, the one that opened a request included (POL-31).';
COMMENT ON COLUMN {schema}.fact_interaction.interaction_id IS 'Its id; that of the request for the contact that opened one.';
COMMENT ON COLUMN {schema}.fact_interaction.request_id IS 'The request that it opened or followed up; null: it opened none.';
COMMENT ON COLUMN {schema}.fact_interaction.channel IS 'By which way.';
COMMENT ON COLUMN {schema}.fact_interaction.subject IS 'Code of the town''s subject, where one was noted.';
COMMENT ON COLUMN {schema}.fact_interaction.first_contact IS 'It opened the request.';
COMMENT ON COLUMN {schema}.fact_interaction.answered_first_line IS 'Answered by CLIC on the spot (POL-34).';
COMMENT ON COLUMN {schema}.fact_interaction.origin IS 'live, or backlog: taken over from an older system''s records.';
COMMENT ON COLUMN {schema}.fact_interaction.publisher IS 'Which publisher submitted it.';
COMMENT ON COLUMN {schema}.fact_interaction.occurred_at IS 'When it happened in the town.';
COMMENT ON COLUMN {schema}.fact_interaction.occurred_on IS 'Its day in America/Toronto.';
COMMENT ON COLUMN {schema}.fact_interaction.recorded_at IS 'When the log took it.';
COMMENT ON COLUMN {schema}.fact_interaction.sequence IS 'Its position in the log.';

CREATE TABLE {schema}.fact_obligation (
  request_id uuid NOT NULL,
  obligation_id text NOT NULL,
  obligation text NOT NULL,
  starts_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  state text NOT NULL,
  met_at timestamptz,
  met_assumed boolean NOT NULL,
  missed boolean NOT NULL,
  lifted text,
  PRIMARY KEY (request_id, obligation_id)
);
COMMENT ON TABLE {schema}.fact_obligation IS 'One row per obligation of the town, as it stands now (POL-13 to POL-15, POL-19, POL-22, POL-29).';
COMMENT ON COLUMN {schema}.fact_obligation.request_id IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_obligation.obligation_id IS 'Kind and ordinal, one per request.';
COMMENT ON COLUMN {schema}.fact_obligation.obligation IS 'acknowledge, answer, promise or decide_access.';
COMMENT ON COLUMN {schema}.fact_obligation.starts_at IS 'From when it is counted.';
COMMENT ON COLUMN {schema}.fact_obligation.due_at IS 'Exclusive: what happens before this instant is in time.';
COMMENT ON COLUMN {schema}.fact_obligation.state IS 'met (before due_at), late (met, but not before due_at), missed (past due, not met), lifted, open.';
COMMENT ON COLUMN {schema}.fact_obligation.met_at IS 'When it was kept; null: it was not, so far.';
COMMENT ON COLUMN {schema}.fact_obligation.met_assumed IS 'met_at is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_obligation.missed IS 'It was found missed when its limit passed; a later fact may have corrected that, see state.';
COMMENT ON COLUMN {schema}.fact_obligation.lifted IS 'Why it no longer binds; null: it was not lifted.';

CREATE VIEW {schema}.calendar_quarter AS
WITH span AS (
  SELECT least((SELECT min(received_at) FROM {schema}.fact_request), (SELECT min(occurred_at) FROM {schema}.fact_interaction)) AS first_at,
         greatest((SELECT max(received_at) FROM {schema}.fact_request), (SELECT max(occurred_at) FROM {schema}.fact_interaction),
                  (SELECT max(treated_at) FROM {schema}.fact_treatment), (SELECT max(reopened_at) FROM {schema}.fact_treatment)) AS last_at
), day AS (
  SELECT generate_series(date_trunc('quarter', first_at AT TIME ZONE 'America/Toronto'),
                         date_trunc('quarter', last_at AT TIME ZONE 'America/Toronto'), interval '3 months') AS first_on
  FROM span WHERE first_at IS NOT NULL
)
SELECT to_char(first_on, 'YYYY"-Q"Q') AS period,
       first_on::date AS first_on,
       (first_on + interval '3 months' - interval '1 day')::date AS last_on,
       first_on AT TIME ZONE 'America/Toronto' AS starts_at,
       (first_on + interval '3 months') AT TIME ZONE 'America/Toronto' AS ends_at
FROM day;
COMMENT ON VIEW {schema}.calendar_quarter IS 'The quarters from the first fact to the last, in the town''s time.';
COMMENT ON COLUMN {schema}.calendar_quarter.period IS 'Such as 2022-Q1.';
COMMENT ON COLUMN {schema}.calendar_quarter.first_on IS 'First day.';
COMMENT ON COLUMN {schema}.calendar_quarter.last_on IS 'Last day.';
COMMENT ON COLUMN {schema}.calendar_quarter.starts_at IS 'First instant.';
COMMENT ON COLUMN {schema}.calendar_quarter.ends_at IS 'First instant after it.';

CREATE VIEW {schema}.indicator_pol31_interactions AS
SELECT q.period, i.channel, count(*) AS interactions,
       count(*) FILTER (WHERE i.first_contact) AS first_contacts
FROM {schema}.calendar_quarter q
JOIN {schema}.fact_interaction i ON i.occurred_at >= q.starts_at AND i.occurred_at < q.ends_at
GROUP BY q.period, i.channel;
COMMENT ON VIEW {schema}.indicator_pol31_interactions IS 'POL-31: interactions by quarter and channel.';
COMMENT ON COLUMN {schema}.indicator_pol31_interactions.period IS 'The quarter in which they happened.';
COMMENT ON COLUMN {schema}.indicator_pol31_interactions.channel IS 'By which way.';
COMMENT ON COLUMN {schema}.indicator_pol31_interactions.interactions IS 'How many.';
COMMENT ON COLUMN {schema}.indicator_pol31_interactions.first_contacts IS 'Of these, how many opened a request.';

CREATE VIEW {schema}.indicator_pol32_balance AS
WITH moved AS (
  SELECT received_at AS at, 1 AS received, 0 AS treated, 0 AS reopened FROM {schema}.fact_request
  UNION ALL SELECT treated_at, 0, 1, 0 FROM {schema}.fact_treatment
  UNION ALL SELECT reopened_at, 0, 0, 1 FROM {schema}.fact_treatment WHERE reopened_at IS NOT NULL
), summed AS (
  SELECT q.period, q.first_on, coalesce(sum(m.received), 0) AS received, coalesce(sum(m.treated), 0) AS treatments,
         coalesce(sum(m.reopened), 0) AS reopenings
  FROM {schema}.calendar_quarter q
  LEFT JOIN moved m ON m.at >= q.starts_at AND m.at < q.ends_at
  GROUP BY q.period, q.first_on
)
SELECT period,
       (sum(received - treatments + reopenings) OVER before)::bigint - (received - treatments + reopenings) AS pending_at_start,
       received, treatments, reopenings, treatments - reopenings AS treated,
       (sum(received - treatments + reopenings) OVER before)::bigint AS pending_at_end
FROM summed
WINDOW before AS (ORDER BY first_on);
COMMENT ON VIEW {schema}.indicator_pol32_balance IS
  'POL-32: requests received, treated and pending; pending_at_start + received - treated = pending_at_end.';
COMMENT ON COLUMN {schema}.indicator_pol32_balance.period IS 'The quarter.';
COMMENT ON COLUMN {schema}.indicator_pol32_balance.pending_at_start IS 'Pending at its first instant.';
COMMENT ON COLUMN {schema}.indicator_pol32_balance.received IS 'Received in it.';
COMMENT ON COLUMN {schema}.indicator_pol32_balance.treatments IS 'Treated in it, whenever received.';
COMMENT ON COLUMN {schema}.indicator_pol32_balance.reopenings IS 'Reopened in it.';
COMMENT ON COLUMN {schema}.indicator_pol32_balance.treated IS 'Treatments less reopenings; can be negative.';
COMMENT ON COLUMN {schema}.indicator_pol32_balance.pending_at_end IS 'Pending at the first instant after it.';

CREATE VIEW {schema}.indicator_pol33_direction_generale AS
SELECT q.period, count(r.request_id) AS complaints
FROM {schema}.calendar_quarter q
LEFT JOIN {schema}.fact_request r ON r.received_at >= q.starts_at AND r.received_at < q.ends_at
  AND r.kind = 'complaint' AND r.department = 'direction_generale'
GROUP BY q.period;
COMMENT ON VIEW {schema}.indicator_pol33_direction_generale IS 'POL-33: complaints directed to the Direction générale.';
COMMENT ON COLUMN {schema}.indicator_pol33_direction_generale.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.indicator_pol33_direction_generale.complaints IS 'How many.';

CREATE VIEW {schema}.indicator_pol34_first_line AS
WITH requests AS (
  SELECT q.period, count(r.request_id) AS requests, count(*) FILTER (WHERE r.first_line) AS first_line
  FROM {schema}.calendar_quarter q
  LEFT JOIN {schema}.fact_request r ON r.received_at >= q.starts_at AND r.received_at < q.ends_at
  GROUP BY q.period
), follow_ups AS (
  SELECT q.period, count(i.interaction_id) AS follow_ups, count(*) FILTER (WHERE i.answered_first_line) AS answered
  FROM {schema}.calendar_quarter q
  LEFT JOIN {schema}.fact_interaction i
    ON i.occurred_at >= q.starts_at AND i.occurred_at < q.ends_at AND NOT i.first_contact
  GROUP BY q.period
)
SELECT period, requests, first_line, round(first_line::numeric / nullif(requests, 0), 4)::double precision AS share,
       follow_ups, answered AS follow_ups_first_line
FROM requests JOIN follow_ups USING (period);
COMMENT ON VIEW {schema}.indicator_pol34_first_line IS 'POL-34: requests and follow-ups answered by CLIC itself.';
COMMENT ON COLUMN {schema}.indicator_pol34_first_line.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.indicator_pol34_first_line.requests IS 'Requests received.';
COMMENT ON COLUMN {schema}.indicator_pol34_first_line.first_line IS 'Of these, given to CLIC''s first line.';
COMMENT ON COLUMN {schema}.indicator_pol34_first_line.share IS 'first_line over requests, 0 to 1; null without requests.';
COMMENT ON COLUMN {schema}.indicator_pol34_first_line.follow_ups IS 'Contacts that opened no request.';
COMMENT ON COLUMN {schema}.indicator_pol34_first_line.follow_ups_first_line IS 'Of these, answered by CLIC on the spot.';

CREATE VIEW {schema}.indicator_pol35_departments AS
SELECT q.period, r.department, count(*) AS requests
FROM {schema}.calendar_quarter q
JOIN {schema}.fact_request r ON r.received_at >= q.starts_at AND r.received_at < q.ends_at
GROUP BY q.period, r.department;
COMMENT ON VIEW {schema}.indicator_pol35_departments IS 'POL-35: departments to which requests are directed.';
COMMENT ON COLUMN {schema}.indicator_pol35_departments.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.indicator_pol35_departments.department IS 'Its code; null: not routed yet.';
COMMENT ON COLUMN {schema}.indicator_pol35_departments.requests IS 'How many.';

CREATE VIEW {schema}.indicator_pol35_subjects AS
SELECT q.period, r.subject, count(*) AS requests
FROM {schema}.calendar_quarter q
JOIN {schema}.fact_request r ON r.received_at >= q.starts_at AND r.received_at < q.ends_at
GROUP BY q.period, r.subject;
COMMENT ON VIEW {schema}.indicator_pol35_subjects IS 'POL-35: main subjects.';
COMMENT ON COLUMN {schema}.indicator_pol35_subjects.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.indicator_pol35_subjects.subject IS 'Its code; null: no subject of the town foresaw them.';
COMMENT ON COLUMN {schema}.indicator_pol35_subjects.requests IS 'How many.';

CREATE VIEW {schema}.indicator_pol36_unusual AS
SELECT q.period, r.kind, r.first_channel, r.department, count(*) AS requests
FROM {schema}.calendar_quarter q
JOIN {schema}.fact_request r ON r.received_at >= q.starts_at AND r.received_at < q.ends_at AND r.unusual
GROUP BY q.period, r.kind, r.first_channel, r.department;
COMMENT ON VIEW {schema}.indicator_pol36_unusual IS 'POL-36: unusual requests, and a portrait of them free of personal data.';
COMMENT ON COLUMN {schema}.indicator_pol36_unusual.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.indicator_pol36_unusual.kind IS 'Of which kind.';
COMMENT ON COLUMN {schema}.indicator_pol36_unusual.first_channel IS 'By which channel.';
COMMENT ON COLUMN {schema}.indicator_pol36_unusual.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN {schema}.indicator_pol36_unusual.requests IS 'How many.';

-- Grants are what keeps analysts from writing. The role is made by whoever operates.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'clic_analyst') THEN
    GRANT USAGE ON SCHEMA {schema} TO clic_analyst;
    GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO clic_analyst;
    ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO clic_analyst;
  END IF;
END
$$;
