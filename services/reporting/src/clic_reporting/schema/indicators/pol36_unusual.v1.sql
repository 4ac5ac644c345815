CREATE VIEW {schema}.{view} AS
SELECT q.period, r.kind, r.first_channel, r.department, sum(r.requests)::bigint AS requests
FROM {schema}.calendar_month q
JOIN {schema}.request_count r ON r.month = q.month AND r.unusual
GROUP BY q.period, r.kind, r.first_channel, r.department;
COMMENT ON VIEW {schema}.{view} IS 'POL-36: unusual requests, and a portrait of them free of personal data.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.{view}.kind IS 'Of which kind.';
COMMENT ON COLUMN {schema}.{view}.first_channel IS 'By which channel.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN {schema}.{view}.requests IS 'How many.';
