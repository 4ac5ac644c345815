CREATE VIEW {schema}.{view} AS
SELECT q.period, t.from_department, t.department, t.transfers
FROM {schema}.calendar_quarter q
CROSS JOIN LATERAL (
  SELECT a.from_department, a.department, count(*) AS transfers
  FROM {schema}.assignment a WHERE a.transfer AND a.routed_at >= q.starts_at AND a.routed_at < q.ends_at
  GROUP BY a.from_department, a.department
) t;
COMMENT ON VIEW {schema}.{view} IS 'POL-16, POL-35: requests passed from one department to another.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were passed on.';
COMMENT ON COLUMN {schema}.{view}.from_department IS 'Who had them.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Who got them.';
COMMENT ON COLUMN {schema}.{view}.transfers IS 'How many times.';
