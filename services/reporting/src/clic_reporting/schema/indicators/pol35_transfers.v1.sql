CREATE VIEW {schema}.{view} AS
SELECT q.period, a.from_department, a.department, count(*) AS transfers
FROM {schema}.calendar_quarter q
JOIN {schema}.assignment a ON a.transfer AND a.routed_at >= q.starts_at AND a.routed_at < q.ends_at
GROUP BY q.period, a.from_department, a.department;
COMMENT ON VIEW {schema}.{view} IS 'POL-16, POL-35: requests passed from one department to another.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were passed on.';
COMMENT ON COLUMN {schema}.{view}.from_department IS 'Who had them.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Who got them.';
COMMENT ON COLUMN {schema}.{view}.transfers IS 'How many times.';
