CREATE VIEW {schema}.{view} AS
WITH by_department AS MATERIALIZED (
  SELECT q.period, d.measure, d.department, d.business_days, sum(d.requests) AS requests
  FROM {schema}.calendar_month q
  JOIN {schema}.delay_count d ON d.month = q.month
  GROUP BY q.period, d.measure, d.department, d.business_days
), counted AS (
  SELECT period, measure, 'department' AS scope, department, business_days, requests FROM by_department
  UNION ALL
  SELECT period, measure, 'town', NULL, business_days, sum(requests) FROM by_department
  GROUP BY period, measure, business_days
), ranked AS (
  SELECT *, sum(requests) OVER (PARTITION BY period, measure, scope, department ORDER BY business_days) AS up_to,
         sum(requests) OVER (PARTITION BY period, measure, scope, department) AS all_of_them
  FROM counted
)
SELECT period, measure, scope, department,
       max(all_of_them)::bigint AS requests,
       min(business_days) FILTER (WHERE up_to * 2 >= all_of_them) AS median_business_days,
       min(business_days) FILTER (WHERE up_to * 10 >= all_of_them * 9) AS p90_business_days
FROM ranked GROUP BY period, measure, scope, department;
COMMENT ON VIEW {schema}.{view} IS
  'POL-29: delays from reception, in business days, by quarter, for the town and by department. Ranks are nearest ranks, of what was not assumed.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which it was acknowledged, answered or treated.';
COMMENT ON COLUMN {schema}.{view}.measure IS 'acknowledged and answered (the first time), treated (each time it was closed or refused).';
COMMENT ON COLUMN {schema}.{view}.scope IS 'town: of all departments together; department: of one.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Its code; null: the whole town, or not routed.';
COMMENT ON COLUMN {schema}.{view}.requests IS 'How many were measured.';
COMMENT ON COLUMN {schema}.{view}.median_business_days IS 'Half of them took at most so many business days.';
COMMENT ON COLUMN {schema}.{view}.p90_business_days IS 'Nine in ten took at most so many business days.';
