CREATE VIEW {schema}.{view} AS
WITH by_department AS MATERIALIZED (
  SELECT q.period, o.obligation, o.department, sum(o.obligations)::bigint AS due,
         coalesce(sum(o.obligations) FILTER (WHERE o.state = 'met' AND NOT o.met_assumed), 0)::bigint AS met,
         coalesce(sum(o.obligations) FILTER (WHERE o.state = 'late' AND NOT o.met_assumed), 0)::bigint AS late,
         coalesce(sum(o.obligations) FILTER (WHERE o.state = 'missed'), 0)::bigint AS missed,
         coalesce(sum(o.obligations) FILTER (WHERE o.state = 'overdue'), 0)::bigint AS overdue,
         coalesce(sum(o.obligations) FILTER (WHERE o.state = 'open'), 0)::bigint AS open,
         coalesce(sum(o.obligations) FILTER (WHERE o.paused), 0)::bigint AS paused,
         coalesce(sum(o.obligations) FILTER (WHERE o.state = 'lifted'), 0)::bigint AS lifted,
         coalesce(sum(o.obligations) FILTER (WHERE o.met_assumed), 0)::bigint AS assumed
  FROM {schema}.calendar_month q
  JOIN {schema}.obligation_count o ON o.due_month = q.month
  GROUP BY q.period, o.obligation, o.department
), counted AS (
  SELECT period, obligation, 'department' AS scope, department, due, met, late, missed, overdue, open, paused, lifted,
         assumed
  FROM by_department
  UNION ALL
  SELECT period, obligation, 'town', NULL, sum(due)::bigint, sum(met)::bigint, sum(late)::bigint, sum(missed)::bigint,
         sum(overdue)::bigint, sum(open)::bigint, sum(paused)::bigint, sum(lifted)::bigint, sum(assumed)::bigint
  FROM by_department GROUP BY period, obligation
)
SELECT period, obligation, scope, department, due, met, late, missed, overdue, open, paused, lifted, assumed,
       round(met::numeric / nullif(met + late + missed + overdue, 0), 4)::double precision AS on_time
FROM counted;
COMMENT ON VIEW {schema}.{view} IS
  'POL-29: obligations due in each quarter and the share kept in time, for the town and by department. Those past due and not kept count against it, found missed or not; what stands still does not. The time of others is not counted.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter of the last day on which they are in time, as pauses and calendars moved it.';
COMMENT ON COLUMN {schema}.{view}.obligation IS 'acknowledge, judge, answer, promise, decide_access, outside_work or notify_third_party.';
COMMENT ON COLUMN {schema}.{view}.scope IS 'town: of all departments together; department: of one.';
COMMENT ON COLUMN {schema}.{view}.department IS 'Its code; null: the whole town, or not routed.';
COMMENT ON COLUMN {schema}.{view}.due IS 'How many: met + late + missed + overdue + open + lifted + assumed.';
COMMENT ON COLUMN {schema}.{view}.met IS 'Kept in time.';
COMMENT ON COLUMN {schema}.{view}.late IS 'Kept, after their limit.';
COMMENT ON COLUMN {schema}.{view}.missed IS 'Past their limit, found missed, not kept.';
COMMENT ON COLUMN {schema}.{view}.overdue IS 'Past their limit, not kept, and nobody has said so yet.';
COMMENT ON COLUMN {schema}.{view}.open IS 'Still to be kept, not past their limit or standing still.';
COMMENT ON COLUMN {schema}.{view}.paused IS 'Of open: standing still while the request waits for the citizen.';
COMMENT ON COLUMN {schema}.{view}.lifted IS 'No longer binding: refused, withdrawn, merged, voided or replaced.';
COMMENT ON COLUMN {schema}.{view}.assumed IS 'Kept at an assumed instant, which measures nothing: in due alone.';
COMMENT ON COLUMN {schema}.{view}.on_time IS 'met over met + late + missed + overdue, 0 to 1; null: none was measured.';
