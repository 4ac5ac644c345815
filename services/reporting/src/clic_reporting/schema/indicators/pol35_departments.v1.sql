CREATE VIEW {schema}.{view} AS
SELECT q.period, r.department, sum(r.requests)::bigint AS requests
FROM {schema}.calendar_month q
JOIN {schema}.request_count r ON r.month = q.month
GROUP BY q.period, r.department;
COMMENT ON VIEW {schema}.{view} IS 'POL-35: departments to which requests are directed.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Its code; null: not routed yet.';
COMMENT ON COLUMN {schema}.{view}.requests IS 'How many.';
