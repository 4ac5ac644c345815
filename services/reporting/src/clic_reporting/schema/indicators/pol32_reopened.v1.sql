CREATE VIEW {schema}.{view} AS
WITH counted AS (
  SELECT q.period, m.department,
         coalesce(sum(m.requests) FILTER (WHERE m.movement = 'treated'), 0)::bigint AS treatments,
         coalesce(sum(m.requests) FILTER (WHERE m.movement = 'reopened'), 0)::bigint AS reopenings
  FROM {schema}.calendar_month q
  JOIN {schema}.movement_count m ON m.month = q.month
  WHERE m.movement IN ('treated', 'reopened')
  GROUP BY q.period, m.department
)
SELECT period, department, treatments, reopenings,
       round(reopenings::numeric / nullif(treatments, 0), 4)::double precision AS share
FROM counted;
COMMENT ON VIEW {schema}.{view} IS 'POL-32, POL-39: requests reopened in each quarter, by department, beside those treated in it.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were reopened.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN {schema}.{view}.treatments IS 'Treated in the same quarter, whenever received.';
COMMENT ON COLUMN {schema}.{view}.reopenings IS 'Reopened in it, whenever treated.';
COMMENT ON COLUMN {schema}.{view}.share IS 'reopenings over treatments; more than 1 where more came back than were treated; null without treatments.';
