CREATE VIEW {schema}.{view} AS
WITH requests AS (
  SELECT q.period, coalesce(sum(r.requests), 0)::bigint AS requests,
         coalesce(sum(r.requests) FILTER (WHERE r.first_line), 0)::bigint AS first_line
  FROM {schema}.calendar_month q
  LEFT JOIN {schema}.request_count r ON r.month = q.month
  GROUP BY q.period
), follow_ups AS (
  SELECT q.period, coalesce(sum(i.interactions), 0)::bigint AS follow_ups,
         coalesce(sum(i.interactions) FILTER (WHERE i.answered_first_line), 0)::bigint AS answered
  FROM {schema}.calendar_month q
  LEFT JOIN {schema}.interaction_count i ON i.month = q.month AND NOT i.first_contact
  GROUP BY q.period
)
SELECT period, requests, first_line, round(first_line::numeric / nullif(requests, 0), 4)::double precision AS share,
       follow_ups, answered AS follow_ups_first_line
FROM requests JOIN follow_ups USING (period);
COMMENT ON VIEW {schema}.{view} IS 'POL-34: requests and follow-ups answered by CLIC itself.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they were received.';
COMMENT ON COLUMN {schema}.{view}.requests IS 'Requests received.';
COMMENT ON COLUMN {schema}.{view}.first_line IS 'Of these, given to CLIC''s first line.';
COMMENT ON COLUMN {schema}.{view}.share IS 'first_line over requests, 0 to 1; null without requests.';
COMMENT ON COLUMN {schema}.{view}.follow_ups IS 'Contacts that opened no request.';
COMMENT ON COLUMN {schema}.{view}.follow_ups_first_line IS 'Of these, answered by CLIC on the spot.';
