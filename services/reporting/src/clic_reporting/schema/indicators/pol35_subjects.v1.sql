CREATE VIEW {schema}.{view} AS
SELECT q.period, r.subject, sum(r.requests)::bigint AS requests
FROM {schema}.calendar_month q
JOIN {schema}.request_count r ON r.month = q.month
GROUP BY q.period, r.subject;
COMMENT ON VIEW {schema}.{view} IS 'POL-35: main subjects.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.{view}.subject IS 'Its code; null: no subject of the town foresaw them.';
COMMENT ON COLUMN {schema}.{view}.requests IS 'How many.';
