-- Keys and indexes of reporting, made after a rebuild has filled the tables: several times faster than keeping them
-- while it fills. (Those in `tables.sql` are needed to fill.) Several connections make them at a time and PostgreSQL names
-- them: two of the same columns of a table would take the same name.
CREATE INDEX ON {schema}.fact_request (received_at);
CREATE INDEX ON {schema}.fact_request (request_key) WHERE status IN ('open', 'reopened');
CREATE INDEX ON {schema}.fact_request (kind) WHERE kind = 'access_to_information';
CREATE INDEX ON {schema}.fact_request (last_sequence);
CREATE INDEX ON {schema}.fact_request ((CASE WHEN NOT confidential THEN reference END)); -- As the view `request` tells it.
CREATE INDEX ON {schema}.fact_treatment (treated_at);
CREATE INDEX ON {schema}.fact_treatment (reopened_at) WHERE reopened_at IS NOT NULL;
CREATE INDEX ON {schema}.fact_assignment (routed_at) WHERE transfer;
CREATE INDEX ON {schema}.fact_obligation (due_at) WHERE state IN ('open', 'missed') AND owed_by = 'town';
ALTER TABLE {schema}.fact_interaction ADD PRIMARY KEY (sequence, ordinal);
CREATE INDEX ON {schema}.fact_interaction (occurred_at);
ALTER TABLE {schema}.fact_learning ADD PRIMARY KEY (sequence, ordinal);
CREATE INDEX ON {schema}.fact_learning (publication_id);
ALTER TABLE {schema}.fact_escalation ADD PRIMARY KEY (sequence, ordinal);
CREATE INDEX ON {schema}.fact_escalation (request_key);
ALTER TABLE {schema}.fact_access ADD PRIMARY KEY (sequence, ordinal);
CREATE INDEX ON {schema}.fact_access (request_key);
ALTER TABLE {schema}.fact_event ADD PRIMARY KEY (sequence, ordinal);
CREATE INDEX ON {schema}.fact_event (request_key, sequence);
