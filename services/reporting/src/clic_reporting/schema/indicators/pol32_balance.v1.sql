CREATE VIEW {schema}.{view} AS
WITH summed AS (
  SELECT q.period,
         coalesce(sum(m.requests) FILTER (WHERE m.movement = 'received'), 0)::bigint AS received,
         coalesce(sum(m.requests) FILTER (WHERE m.movement = 'treated'), 0)::bigint AS treatments,
         coalesce(sum(m.requests) FILTER (WHERE m.movement = 'reopened'), 0)::bigint AS reopenings
  FROM {schema}.calendar_month q
  LEFT JOIN {schema}.movement_count m ON m.month = q.month
  GROUP BY q.period
)
SELECT period,
       (sum(received - treatments + reopenings) OVER before)::bigint - (received - treatments + reopenings)
         AS pending_at_start,
       received, treatments, reopenings, treatments - reopenings AS treated,
       (sum(received - treatments + reopenings) OVER before)::bigint AS pending_at_end
FROM summed
WINDOW before AS (ORDER BY period);
COMMENT ON VIEW {schema}.{view} IS
  'POL-32: requests received, treated and pending; pending_at_start + received - treated = pending_at_end.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter.';
COMMENT ON COLUMN {schema}.{view}.pending_at_start IS 'Pending at its first instant.';
COMMENT ON COLUMN {schema}.{view}.received IS 'Received in it.';
COMMENT ON COLUMN {schema}.{view}.treatments IS 'Treated in it, whenever received.';
COMMENT ON COLUMN {schema}.{view}.reopenings IS 'Reopened in it.';
COMMENT ON COLUMN {schema}.{view}.treated IS 'Treatments less reopenings; can be negative.';
COMMENT ON COLUMN {schema}.{view}.pending_at_end IS 'Pending at the first instant after it.';
