-- Indexes of reporting, made after a rebuild has filled the tables: several times faster than keeping them while it fills.
CREATE INDEX ON {schema}.fact_request (received_at);
CREATE INDEX ON {schema}.fact_treatment (treated_at);
CREATE INDEX ON {schema}.fact_treatment (reopened_at) WHERE reopened_at IS NOT NULL;
CREATE INDEX ON {schema}.fact_interaction (occurred_at);
