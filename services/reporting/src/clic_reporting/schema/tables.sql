-- The tables of reporting. `{schema}` is `reporting` where they are live, `reporting_build` while a rebuild makes them
-- anew. Everything here is derived from the log and can be derived again by `clic rebuild`; nothing here is personal.
--
-- What can change is kept so that it can be told as of any position of the log: a child row is added for each change
-- (assignments, treatments), or the position stands beside what became known (…_sequence). See `views.sql`.

COMMENT ON SCHEMA {schema} IS
  'What the town''s requests amount to, derived from the log. Holds no personal data. Changes by itself: read only.';

CREATE TABLE {schema}.dim_date (
  day date PRIMARY KEY,
  year smallint NOT NULL,
  quarter text NOT NULL,
  month date NOT NULL,
  weekday smallint NOT NULL,
  closed_because text,
  business_day boolean NOT NULL,
  business_ordinal integer NOT NULL
);
COMMENT ON TABLE {schema}.dim_date IS 'Every day from 2000 to 2049 with Québec''s holidays and the town''s business days (POL-13, I-16 art. 61).';
COMMENT ON COLUMN {schema}.dim_date.day IS 'The day, in America/Toronto.';
COMMENT ON COLUMN {schema}.dim_date.year IS 'Its year.';
COMMENT ON COLUMN {schema}.dim_date.quarter IS 'Its quarter, such as 2024-Q1.';
COMMENT ON COLUMN {schema}.dim_date.month IS 'First day of its month.';
COMMENT ON COLUMN {schema}.dim_date.weekday IS 'ISO: Monday is 1.';
COMMENT ON COLUMN {schema}.dim_date.closed_because IS 'weekend, holiday or town_closing; null: a business day.';
COMMENT ON COLUMN {schema}.dim_date.business_day IS 'Whether the desk counts it.';
COMMENT ON COLUMN {schema}.dim_date.business_ordinal IS
  'Business days from the first day of the table to this one, inclusive: the difference of two is the business days between them.';

CREATE TABLE {schema}.dim_department (
  department text PRIMARY KEY,
  name_fr text NOT NULL,
  name_en text NOT NULL,
  first_line boolean NOT NULL
);
COMMENT ON TABLE {schema}.dim_department IS 'The town''s departments, as its configuration names them now (POL-35).';
COMMENT ON COLUMN {schema}.dim_department.department IS 'Code.';
COMMENT ON COLUMN {schema}.dim_department.name_fr IS 'Name in French.';
COMMENT ON COLUMN {schema}.dim_department.name_en IS 'Name in English.';
COMMENT ON COLUMN {schema}.dim_department.first_line IS 'The desk itself (POL-34).';

CREATE TABLE {schema}.dim_subject (
  subject text PRIMARY KEY,
  name_fr text NOT NULL,
  name_en text NOT NULL,
  department text
);
COMMENT ON TABLE {schema}.dim_subject IS 'The town''s subjects, as its configuration names them now (POL-35).';
COMMENT ON COLUMN {schema}.dim_subject.subject IS 'Code.';
COMMENT ON COLUMN {schema}.dim_subject.name_fr IS 'Name in French.';
COMMENT ON COLUMN {schema}.dim_subject.name_en IS 'Name in English.';
COMMENT ON COLUMN {schema}.dim_subject.department IS 'Who answers; null: outside the town''s competence (POL-07).';

CREATE TABLE {schema}.dim_channel (
  channel text PRIMARY KEY,
  name_fr text NOT NULL,
  name_en text NOT NULL
);
COMMENT ON TABLE {schema}.dim_channel IS 'Ways in (POL-31).';
COMMENT ON COLUMN {schema}.dim_channel.channel IS 'Code.';
COMMENT ON COLUMN {schema}.dim_channel.name_fr IS 'Name in French.';
COMMENT ON COLUMN {schema}.dim_channel.name_en IS 'Name in English.';

CREATE TABLE {schema}.dim_kind (
  kind text PRIMARY KEY,
  name_fr text NOT NULL,
  name_en text NOT NULL
);
COMMENT ON TABLE {schema}.dim_kind IS 'Kinds of request (POL-01 to POL-04).';
COMMENT ON COLUMN {schema}.dim_kind.kind IS 'Code.';
COMMENT ON COLUMN {schema}.dim_kind.name_fr IS 'Name in French.';
COMMENT ON COLUMN {schema}.dim_kind.name_en IS 'Name in English.';

CREATE TABLE {schema}.dim_event (
  event_key smallint PRIMARY KEY,
  event text NOT NULL UNIQUE,
  decided_by text NOT NULL,
  meaning text NOT NULL
);
COMMENT ON TABLE {schema}.dim_event IS 'The types of facts that the log holds.';
COMMENT ON COLUMN {schema}.dim_event.event_key IS 'Its number here; the catalogue only grows at its end, so that it keeps it.';
COMMENT ON COLUMN {schema}.dim_event.event IS 'Wire type, such as request.received.v1.';
COMMENT ON COLUMN {schema}.dim_event.decided_by IS 'The one service that decides it.';
COMMENT ON COLUMN {schema}.dim_event.meaning IS 'What it says, in one sentence.';

CREATE TABLE {schema}.dim_rule_version (
  rule_version text PRIMARY KEY,
  first_sequence bigint NOT NULL
);
COMMENT ON TABLE {schema}.dim_rule_version IS 'Versions of the town''s configuration that decided something.';
COMMENT ON COLUMN {schema}.dim_rule_version.rule_version IS 'Content hash of the town''s folder.';
COMMENT ON COLUMN {schema}.dim_rule_version.first_sequence IS 'Position in the log of the first fact that it decided.';

CREATE TABLE {schema}.log_day (
  recorded_on date PRIMARY KEY,
  first_sequence bigint NOT NULL
);
COMMENT ON TABLE {schema}.log_day IS 'Where each day of recording begins in the log: what was known at the end of a day ends before the next one.';
COMMENT ON COLUMN {schema}.log_day.recorded_on IS 'Day in America/Toronto on which the log took something.';
COMMENT ON COLUMN {schema}.log_day.first_sequence IS 'Lowest position recorded on that day.';

CREATE TABLE {schema}.fact_request (
  request_key bigint PRIMARY KEY,
  request_id uuid NOT NULL UNIQUE,
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
  rule_version text NOT NULL,
  received_at timestamptz NOT NULL,
  received_on date GENERATED ALWAYS AS ((received_at AT TIME ZONE 'America/Toronto')::date) STORED,
  recorded_at timestamptz NOT NULL,
  department text,
  first_line boolean NOT NULL,
  unusual boolean NOT NULL,
  assignments smallint NOT NULL,
  acknowledged_at timestamptz,
  acknowledged_sequence bigint,
  acknowledged_assumed boolean NOT NULL,
  answered_at timestamptz,
  answered_sequence bigint,
  answered_assumed boolean NOT NULL,
  closed_at timestamptz,
  reopenings smallint NOT NULL,
  rating smallint,
  rated_sequence bigint,
  erased_at timestamptz,
  erased_sequence bigint,
  phase text NOT NULL,
  status text NOT NULL,
  criterion text,
  closing_reason text,
  outcome_assumed boolean NOT NULL,
  last_sequence bigint NOT NULL
);
COMMENT ON TABLE {schema}.fact_request IS 'One row per request received, as it stands now (POL-01 to POL-04, POL-10, POL-32).';
COMMENT ON COLUMN {schema}.fact_request.request_key IS 'Position in the log of its reception: its key everywhere in reporting.';
COMMENT ON COLUMN {schema}.fact_request.request_id IS 'The request''s id in the log.';
COMMENT ON COLUMN {schema}.fact_request.reference IS 'What the citizen quotes, such as 2026-004217.';
COMMENT ON COLUMN {schema}.fact_request.kind IS 'request, report, complaint, comment, suggestion or access_to_information.';
COMMENT ON COLUMN {schema}.fact_request.first_channel IS 'By which way the first contact came.';
COMMENT ON COLUMN {schema}.fact_request.language IS 'fr or en.';
COMMENT ON COLUMN {schema}.fact_request.subject IS 'Code of the town''s subject; null: no subject foresaw it (POL-36).';
COMMENT ON COLUMN {schema}.fact_request.sector IS 'Where, as coarsely as the town publishes it.';
COMMENT ON COLUMN {schema}.fact_request.requester IS 'Whether the requester is known, never who it is.';
COMMENT ON COLUMN {schema}.fact_request.origin IS 'live, or backlog: taken over from an older system''s records.';
COMMENT ON COLUMN {schema}.fact_request.publisher IS 'Which publisher submitted it.';
COMMENT ON COLUMN {schema}.fact_request.confidential IS 'Visible to its department alone; counted here like any other (POL-26).';
COMMENT ON COLUMN {schema}.fact_request.rule_version IS 'Version of the town''s configuration at its reception.';
COMMENT ON COLUMN {schema}.fact_request.received_at IS 'When it reached the town.';
COMMENT ON COLUMN {schema}.fact_request.received_on IS 'The day of received_at in America/Toronto.';
COMMENT ON COLUMN {schema}.fact_request.recorded_at IS 'When the log took its reception.';
COMMENT ON COLUMN {schema}.fact_request.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN {schema}.fact_request.first_line IS 'Answered by CLIC itself (POL-34).';
COMMENT ON COLUMN {schema}.fact_request.unusual IS 'No rule or subject foresaw it (POL-36).';
COMMENT ON COLUMN {schema}.fact_request.assignments IS 'How many routings took effect; each after the first is a transfer if its department differs.';
COMMENT ON COLUMN {schema}.fact_request.acknowledged_at IS 'First acknowledgement; never before received_at (POL-13 to POL-15).';
COMMENT ON COLUMN {schema}.fact_request.acknowledged_sequence IS 'Position in the log where that became known.';
COMMENT ON COLUMN {schema}.fact_request.acknowledged_assumed IS 'acknowledged_at is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_request.answered_at IS 'First answer; never before received_at (POL-27).';
COMMENT ON COLUMN {schema}.fact_request.answered_sequence IS 'Position in the log where that became known.';
COMMENT ON COLUMN {schema}.fact_request.answered_assumed IS 'answered_at is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_request.closed_at IS 'When it was last treated; null while it is pending.';
COMMENT ON COLUMN {schema}.fact_request.reopenings IS 'How often it was reopened (POL-39).';
COMMENT ON COLUMN {schema}.fact_request.rating IS 'First satisfaction given, 1 to 5 (POL-39).';
COMMENT ON COLUMN {schema}.fact_request.rated_sequence IS 'Position in the log where that became known.';
COMMENT ON COLUMN {schema}.fact_request.erased_at IS 'Since when its personal data can be read by nobody; the facts stay (POL-30).';
COMMENT ON COLUMN {schema}.fact_request.erased_sequence IS 'Position in the log where that became known.';
COMMENT ON COLUMN {schema}.fact_request.phase IS 'Where it stands in the lifecycle table.';
COMMENT ON COLUMN {schema}.fact_request.status IS 'What it is now: closed (merged ones too), refused, withdrawn, voided, open, reopened.';
COMMENT ON COLUMN {schema}.fact_request.criterion IS 'On which criterion it was refused (POL-05 to POL-09).';
COMMENT ON COLUMN {schema}.fact_request.closing_reason IS 'answered, withdrawn, merged or refused (POL-27).';
COMMENT ON COLUMN {schema}.fact_request.outcome_assumed IS 'The instant of its last outcome is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_request.last_sequence IS
  'Position in the log of the last fact that changed this row or those that hang on it: as of there or later, all of it is as it stands now.';

CREATE TABLE {schema}.fact_assignment (
  request_key bigint NOT NULL,
  ordinal smallint NOT NULL,
  sequence bigint NOT NULL,
  routed_at timestamptz NOT NULL,
  department text NOT NULL,
  first_line boolean NOT NULL,
  unusual boolean NOT NULL,
  rule text,
  rule_version text NOT NULL,
  transfer boolean NOT NULL,
  PRIMARY KEY (request_key, ordinal)
);
COMMENT ON TABLE {schema}.fact_assignment IS 'One row per routing that took effect (POL-16, POL-20, POL-35).';
COMMENT ON COLUMN {schema}.fact_assignment.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_assignment.ordinal IS '1 for the first.';
COMMENT ON COLUMN {schema}.fact_assignment.sequence IS 'Position in the log where it became known.';
COMMENT ON COLUMN {schema}.fact_assignment.routed_at IS 'When; never before received_at.';
COMMENT ON COLUMN {schema}.fact_assignment.department IS 'To whom.';
COMMENT ON COLUMN {schema}.fact_assignment.first_line IS 'CLIC answers itself (POL-34).';
COMMENT ON COLUMN {schema}.fact_assignment.unusual IS 'No rule or subject foresaw it, by this routing or one before (POL-36).';
COMMENT ON COLUMN {schema}.fact_assignment.rule IS 'Which rule of the town; null: a person chose.';
COMMENT ON COLUMN {schema}.fact_assignment.rule_version IS 'Version of the town''s configuration that decided.';
COMMENT ON COLUMN {schema}.fact_assignment.transfer IS 'It took the request from another department.';

CREATE TABLE {schema}.fact_treatment (
  request_key bigint NOT NULL,
  ordinal smallint NOT NULL,
  sequence bigint NOT NULL,
  treated_at timestamptz NOT NULL,
  how text NOT NULL,
  status text NOT NULL,
  criterion text,
  closing_reason text,
  assumed boolean NOT NULL,
  reopened_at timestamptz,
  reopened_sequence bigint,
  reopening_assumed boolean NOT NULL,
  PRIMARY KEY (request_key, ordinal)
);
COMMENT ON TABLE {schema}.fact_treatment IS
  'One row per time that a request was treated. Treated in a period: treatments less reopenings in it (POL-32).';
COMMENT ON COLUMN {schema}.fact_treatment.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_treatment.ordinal IS '1 for the first, 2 for the one after a reopening.';
COMMENT ON COLUMN {schema}.fact_treatment.sequence IS 'Position in the log where it became known.';
COMMENT ON COLUMN {schema}.fact_treatment.treated_at IS 'Never before the reception, nor before the reopening that came before it.';
COMMENT ON COLUMN {schema}.fact_treatment.how IS 'closed, refused, withdrawn, merged or voided.';
COMMENT ON COLUMN {schema}.fact_treatment.status IS 'The request''s status by it.';
COMMENT ON COLUMN {schema}.fact_treatment.criterion IS 'The request''s criterion by it.';
COMMENT ON COLUMN {schema}.fact_treatment.closing_reason IS 'The request''s closing_reason by it.';
COMMENT ON COLUMN {schema}.fact_treatment.assumed IS 'treated_at is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_treatment.reopened_at IS 'When it was reopened after this treatment; null: it was not (POL-39).';
COMMENT ON COLUMN {schema}.fact_treatment.reopened_sequence IS 'Position in the log where that became known.';
COMMENT ON COLUMN {schema}.fact_treatment.reopening_assumed IS 'reopened_at is assumed.';

CREATE TABLE {schema}.fact_treatment_amended (
  request_key bigint NOT NULL,
  ordinal smallint NOT NULL,
  sequence bigint NOT NULL,
  status text NOT NULL,
  criterion text,
  closing_reason text,
  assumed boolean NOT NULL,
  PRIMARY KEY (request_key, sequence)
);
COMMENT ON TABLE {schema}.fact_treatment_amended IS
  'What a later fact made of a treatment''s outcome without treating it again: a refusal that was sent, a closed request that was voided.';
COMMENT ON COLUMN {schema}.fact_treatment_amended.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_treatment_amended.ordinal IS 'Which of its treatments.';
COMMENT ON COLUMN {schema}.fact_treatment_amended.sequence IS 'Position in the log from which this holds, in place of what the treatment or an earlier amendment said.';
COMMENT ON COLUMN {schema}.fact_treatment_amended.status IS 'The request''s status from then on.';
COMMENT ON COLUMN {schema}.fact_treatment_amended.criterion IS 'The request''s criterion from then on.';
COMMENT ON COLUMN {schema}.fact_treatment_amended.closing_reason IS 'The request''s closing_reason from then on.';
COMMENT ON COLUMN {schema}.fact_treatment_amended.assumed IS 'The instant of that later fact is assumed.';

CREATE TABLE {schema}.fact_obligation (
  request_key bigint NOT NULL,
  obligation_id text NOT NULL,
  obligation text NOT NULL,
  owed_by text NOT NULL,
  sequence bigint NOT NULL,
  rule text NOT NULL,
  rule_version text NOT NULL,
  starts_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  limit_sequence bigint NOT NULL,
  state text NOT NULL,
  paused_since timestamptz,
  warned_sequence bigint,
  missed_sequence bigint,
  met_at timestamptz,
  met_assumed boolean NOT NULL,
  met_sequence bigint,
  lifted text,
  lifted_sequence bigint,
  lapsed_sequence bigint,
  PRIMARY KEY (request_key, obligation_id)
);
COMMENT ON TABLE {schema}.fact_obligation IS 'One row per obligation of the town, and per delay that somebody else has, as it stands now (POL-13 to POL-15, POL-19, POL-22, POL-29).';
COMMENT ON COLUMN {schema}.fact_obligation.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_obligation.obligation_id IS 'Kind and ordinal, one per request.';
COMMENT ON COLUMN {schema}.fact_obligation.obligation IS
  'acknowledge, judge, answer, promise, decide_access, outside_work or notify_third_party; of others: third_party_response, review_window or citizen_reply.';
COMMENT ON COLUMN {schema}.fact_obligation.owed_by IS
  'town; or citizen or third_party: whose delay it is. Those are the time of others, and no count of kept, late or missed obligations has them.';
COMMENT ON COLUMN {schema}.fact_obligation.sequence IS 'Position in the log where it was set.';
COMMENT ON COLUMN {schema}.fact_obligation.rule IS 'By which standard of the town.';
COMMENT ON COLUMN {schema}.fact_obligation.rule_version IS 'Version of the town''s configuration that computed it.';
COMMENT ON COLUMN {schema}.fact_obligation.starts_at IS 'From when it is counted.';
COMMENT ON COLUMN {schema}.fact_obligation.due_at IS 'Exclusive: what happens before this instant is in time. As pauses and calendars moved it.';
COMMENT ON COLUMN {schema}.fact_obligation.limit_sequence IS 'Position in the log since which due_at and paused_since are these; earlier ones are in fact_obligation_limit.';
COMMENT ON COLUMN {schema}.fact_obligation.state IS
  'met (before due_at), late (met, but not before due_at), missed (past due, not met), lifted, lapsed (time of others that is over), open (paused ones included).';
COMMENT ON COLUMN {schema}.fact_obligation.paused_since IS 'Since when it stands still, waiting for the citizen, or stood still when it ended; null: it runs, or ran when it ended.';
COMMENT ON COLUMN {schema}.fact_obligation.warned_sequence IS 'Position in the log where due_at was warned of; null: it was not.';
COMMENT ON COLUMN {schema}.fact_obligation.missed_sequence IS 'Position in the log where due_at was found missed; a later fact may have corrected that, see state.';
COMMENT ON COLUMN {schema}.fact_obligation.met_at IS 'When it was kept; null: it was not, so far.';
COMMENT ON COLUMN {schema}.fact_obligation.met_assumed IS 'met_at is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_obligation.met_sequence IS 'Position in the log where met_at became known.';
COMMENT ON COLUMN {schema}.fact_obligation.lifted IS 'Why it no longer binds; null: it was not lifted.';
COMMENT ON COLUMN {schema}.fact_obligation.lifted_sequence IS 'Position in the log where that became known.';
COMMENT ON COLUMN {schema}.fact_obligation.lapsed_sequence IS 'Position in the log where it was found that somebody else''s time is over.';

CREATE TABLE {schema}.fact_obligation_limit (
  request_key bigint NOT NULL,
  obligation_id text NOT NULL,
  limit_sequence bigint NOT NULL,
  until_sequence bigint NOT NULL,
  due_at timestamptz NOT NULL,
  paused_since timestamptz,
  warned_sequence bigint,
  missed_sequence bigint,
  PRIMARY KEY (request_key, obligation_id, limit_sequence)
);
COMMENT ON TABLE {schema}.fact_obligation_limit IS 'What was an obligation''s limit, and whether it stood still, until a later fact moved it.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.obligation_id IS 'Which of its obligations.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.limit_sequence IS 'Position in the log from which that stood.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.until_sequence IS 'Position in the log from which it no longer did.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.due_at IS 'The limit, exclusive.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.paused_since IS 'Since when it stood still; null: it ran.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.warned_sequence IS 'Position in the log where that limit was warned of; null: it was not.';
COMMENT ON COLUMN {schema}.fact_obligation_limit.missed_sequence IS 'Position in the log where that limit was found missed; null: it was not.';

CREATE TABLE {schema}.fact_obligation_corrected (
  request_key bigint NOT NULL,
  obligation_id text NOT NULL,
  met_sequence bigint NOT NULL,
  until_sequence bigint NOT NULL,
  met_at timestamptz NOT NULL,
  met_assumed boolean NOT NULL,
  PRIMARY KEY (request_key, obligation_id, met_sequence)
);
COMMENT ON TABLE {schema}.fact_obligation_corrected IS 'What was believed of an obligation''s keeping until a later fact corrected it.';
COMMENT ON COLUMN {schema}.fact_obligation_corrected.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_obligation_corrected.obligation_id IS 'Which of its obligations.';
COMMENT ON COLUMN {schema}.fact_obligation_corrected.met_sequence IS 'Position in the log from which it was believed.';
COMMENT ON COLUMN {schema}.fact_obligation_corrected.until_sequence IS 'Position in the log from which it no longer was.';
COMMENT ON COLUMN {schema}.fact_obligation_corrected.met_at IS 'When it was believed to have been kept.';
COMMENT ON COLUMN {schema}.fact_obligation_corrected.met_assumed IS 'That instant was assumed.';

CREATE TABLE {schema}.fact_interaction (
  sequence bigint NOT NULL,
  ordinal smallint NOT NULL,
  interaction_id uuid NOT NULL,
  request_id uuid,
  channel text NOT NULL,
  subject text,
  first_contact boolean NOT NULL,
  answered_first_line boolean NOT NULL,
  origin text NOT NULL,
  publisher text NOT NULL,
  occurred_at timestamptz NOT NULL,
  occurred_on date GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'America/Toronto')::date) STORED,
  recorded_at timestamptz NOT NULL
);
COMMENT ON TABLE {schema}.fact_interaction IS 'One row per contact with a citizen, the one that opened a request included (POL-31).';
COMMENT ON COLUMN {schema}.fact_interaction.sequence IS 'Its position in the log.';
COMMENT ON COLUMN {schema}.fact_interaction.ordinal IS 'Its place among the facts of that position, from 1.';
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

CREATE TABLE {schema}.fact_learning (
  sequence bigint NOT NULL,
  ordinal smallint NOT NULL,
  publication_id uuid NOT NULL,
  period text NOT NULL,
  text text NOT NULL,
  published_at timestamptz NOT NULL
);
COMMENT ON TABLE {schema}.fact_learning IS 'What exchanges with citizens taught, reviewed and signed off for a report (POL-37).';
COMMENT ON COLUMN {schema}.fact_learning.sequence IS 'Its position in the log.';
COMMENT ON COLUMN {schema}.fact_learning.ordinal IS 'Its place among the facts of that position, from 1.';
COMMENT ON COLUMN {schema}.fact_learning.publication_id IS 'Of which text: its publication, and its withdrawal.';
COMMENT ON COLUMN {schema}.fact_learning.period IS 'For which quarter, such as 2026-Q2.';
COMMENT ON COLUMN {schema}.fact_learning.text IS 'The text as it was signed off; holds no personal data. Empty: it was withdrawn.';
COMMENT ON COLUMN {schema}.fact_learning.published_at IS 'When it was signed off.';

CREATE TABLE {schema}.fact_escalation (
  sequence bigint NOT NULL,
  ordinal smallint NOT NULL,
  request_key bigint NOT NULL,
  obligation_id text NOT NULL,
  due_at timestamptz NOT NULL,
  step smallint NOT NULL,
  escalated_to text NOT NULL,
  escalated_at timestamptz NOT NULL
);
COMMENT ON TABLE {schema}.fact_escalation IS 'One row each time that somebody further up was told of a limit that was not kept (POL-29).';
COMMENT ON COLUMN {schema}.fact_escalation.sequence IS 'Its position in the log.';
COMMENT ON COLUMN {schema}.fact_escalation.ordinal IS 'Its place among the facts of that position, from 1.';
COMMENT ON COLUMN {schema}.fact_escalation.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_escalation.obligation_id IS 'Which of its obligations.';
COMMENT ON COLUMN {schema}.fact_escalation.due_at IS 'Which limit of it was not kept.';
COMMENT ON COLUMN {schema}.fact_escalation.step IS 'Of the town''s chain, from 1.';
COMMENT ON COLUMN {schema}.fact_escalation.escalated_to IS 'person (who has it), head (of the department) or general_management (Direction générale).';
COMMENT ON COLUMN {schema}.fact_escalation.escalated_at IS 'When it was due to be told.';

CREATE TABLE {schema}.fact_access (
  sequence bigint NOT NULL,
  ordinal smallint NOT NULL,
  request_key bigint NOT NULL,
  step text NOT NULL,
  told text,
  amount smallint,
  occurred_at timestamptz NOT NULL
);
COMMENT ON TABLE {schema}.fact_access IS 'One row per step of an access request: counted in access_count, never told one by one (POL-20 to POL-26).';
COMMENT ON COLUMN {schema}.fact_access.sequence IS 'Its position in the log.';
COMMENT ON COLUMN {schema}.fact_access.ordinal IS 'Its place among the facts of that position, from 1.';
COMMENT ON COLUMN {schema}.fact_access.request_key IS 'Of which request.';
COMMENT ON COLUMN {schema}.fact_access.step IS
  'classified, extended, third_party_identified, third_party_notified, third_party_answered, deemed_refused, decided, review_requested or review_decided.';
COMMENT ON COLUMN {schema}.fact_access.told IS 'The nature, the third party''s position, the outcome of the decision or of the review; of deemed_refused, which obligation; else null.';
COMMENT ON COLUMN {schema}.fact_access.amount IS 'Days of an extension, provisions that a decision relies on; else null.';
COMMENT ON COLUMN {schema}.fact_access.occurred_at IS 'When it happened in the town.';

CREATE TABLE {schema}.fact_event (
  sequence bigint NOT NULL,
  ordinal smallint NOT NULL,
  event_key smallint NOT NULL,
  request_key bigint,
  occurred_at timestamptz NOT NULL,
  assumed boolean NOT NULL,
  recorded_at timestamptz NOT NULL,
  actor text NOT NULL
);
COMMENT ON TABLE {schema}.fact_event IS 'The timeline: one row per fact of the log, without what it says in text.';
COMMENT ON COLUMN {schema}.fact_event.sequence IS 'Its position in the log.';
COMMENT ON COLUMN {schema}.fact_event.ordinal IS 'Its place among the facts of that position, from 1.';
COMMENT ON COLUMN {schema}.fact_event.event_key IS 'Which type of fact, see dim_event.';
COMMENT ON COLUMN {schema}.fact_event.request_key IS 'Of which request; null: of none.';
COMMENT ON COLUMN {schema}.fact_event.occurred_at IS 'When it happened in the town.';
COMMENT ON COLUMN {schema}.fact_event.assumed IS 'occurred_at is assumed: no record says when it was.';
COMMENT ON COLUMN {schema}.fact_event.recorded_at IS 'When the log took it.';
COMMENT ON COLUMN {schema}.fact_event.actor IS 'Who decided: agent, citizen, publisher, rule, clock or other; never which person.';
