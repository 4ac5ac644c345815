CREATE VIEW {schema}.{view} AS
SELECT q.period, coalesce(sum(r.requests), 0)::bigint AS complaints
FROM {schema}.calendar_month q
LEFT JOIN {schema}.request_count r ON r.month = q.month
  AND r.kind = 'complaint' AND r.department = 'direction_generale'
GROUP BY q.period;
COMMENT ON VIEW {schema}.{view} IS 'POL-33: complaints directed to the Direction générale.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.{view}.complaints IS 'How many.';
