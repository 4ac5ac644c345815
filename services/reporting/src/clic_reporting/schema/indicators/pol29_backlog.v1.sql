CREATE VIEW {schema}.{view} AS
WITH moved AS MATERIALIZED (
  SELECT date_trunc('quarter', month::timestamp)::date AS quarter_on, received_month, department,
         sum(CASE movement WHEN 'treated' THEN -requests ELSE requests END) AS requests
  FROM {schema}.movement_count GROUP BY 1, received_month, department
), pending AS (
  SELECT q.period, m.department, m.received_month,
         (extract(year FROM age(q.last_month, m.received_month)) * 12
          + extract(month FROM age(q.last_month, m.received_month)))::integer AS months, sum(m.requests) AS requests
  FROM {schema}.calendar_quarter q JOIN moved m ON m.quarter_on <= q.first_on
  GROUP BY q.period, m.department, m.received_month, q.last_month
  HAVING sum(m.requests) <> 0
)
SELECT period, department,
       CASE WHEN months < 1 THEN 'm0' WHEN months < 3 THEN 'm1_2' WHEN months < 6 THEN 'm3_5' WHEN months < 12 THEN 'm6_11'
            ELSE 'm12' END AS age,
       min(months) AS youngest_months, max(months) AS oldest_months, sum(requests)::bigint AS pending
FROM pending GROUP BY 1, 2, 3;
COMMENT ON VIEW {schema}.{view} IS
  'POL-29, POL-32: requests pending at the end of each quarter by department and age. Its sum is pending_at_end of indicator_pol32_balance.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter at whose end they were pending.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN {schema}.{view}.age IS
  'Months from the month of reception to the quarter''s last: m0 (that month), m1_2, m3_5, m6_11, m12 (a year or more).';
COMMENT ON COLUMN {schema}.{view}.youngest_months IS 'Months of the youngest of them.';
COMMENT ON COLUMN {schema}.{view}.oldest_months IS 'Months of the oldest of them.';
COMMENT ON COLUMN {schema}.{view}.pending IS 'How many.';
