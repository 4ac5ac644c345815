-- What of a period is told otherwise at two positions of the log, request by request. Only requests that something was
-- recorded of between the two can differ.

CREATE FUNCTION {schema}.report_difference(first_on date, last_on date, earlier_as_of text, later_as_of text)
RETURNS TABLE (reference text, what text, earlier text, later text, requests bigint)
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
BEGIN ATOMIC
  WITH knowledge AS MATERIALIZED (
    SELECT {schema}.position_of(earlier_as_of) AS earlier_at, {schema}.position_of(later_as_of) AS later_at
  ), candidate AS MATERIALIZED (
    SELECT r.request_key, k.at, k.is_later, s.department, s.first_line, s.unusual, s.status, r.received_on,
           r.received_on BETWEEN first_on AND last_on AS received_in,
           CASE WHEN r.acknowledged_sequence <= k.at THEN (r.acknowledged_at AT TIME ZONE 'America/Toronto')::date END
             AS acknowledged_on,
           CASE WHEN r.answered_sequence <= k.at THEN (r.answered_at AT TIME ZONE 'America/Toronto')::date END
             AS answered_on,
           CASE WHEN r.rated_sequence <= k.at THEN r.rating END AS rating
    FROM {schema}.fact_request r
    CROSS JOIN (SELECT earlier_at AS at, false AS is_later FROM knowledge
                UNION ALL SELECT later_at, true FROM knowledge) k
    CROSS JOIN LATERAL {schema}.state_at(r.request_key, k.at) s
    WHERE r.last_sequence > (SELECT least(earlier_at, later_at) FROM knowledge) AND r.request_key <= k.at
      AND r.received_on <= last_on  -- Nothing of a request is told before its reception.
  ), told AS (
    SELECT request_key, is_later, 'received' AS what, '' AS which, received_on::text AS value FROM candidate WHERE received_in
    UNION ALL SELECT request_key, is_later, 'department', '', department FROM candidate WHERE received_in
    UNION ALL SELECT request_key, is_later, 'status', '', status FROM candidate WHERE received_in
    UNION ALL SELECT request_key, is_later, 'first_line', '', first_line::text FROM candidate WHERE received_in
    UNION ALL SELECT request_key, is_later, 'unusual', '', unusual::text FROM candidate WHERE received_in
    UNION ALL SELECT request_key, is_later, 'rated', '', rating::text FROM candidate WHERE received_in
    UNION ALL SELECT request_key, is_later, 'acknowledged', '', acknowledged_on::text FROM candidate
    WHERE acknowledged_on BETWEEN first_on AND last_on
    UNION ALL SELECT request_key, is_later, 'answered', '', answered_on::text FROM candidate
    WHERE answered_on BETWEEN first_on AND last_on
    UNION ALL SELECT c.request_key, c.is_later, 'treated', t.ordinal::text, concat(t.how, ' ', treated.day)
    FROM candidate c JOIN {schema}.fact_treatment t ON t.request_key = c.request_key AND t.sequence <= c.at
    CROSS JOIN LATERAL (SELECT (t.treated_at AT TIME ZONE 'America/Toronto')::date AS day) treated
    WHERE treated.day BETWEEN first_on AND last_on
    UNION ALL SELECT c.request_key, c.is_later, 'reopened', t.ordinal::text, reopened.day::text
    FROM candidate c JOIN {schema}.fact_treatment t ON t.request_key = c.request_key AND t.reopened_sequence <= c.at
    CROSS JOIN LATERAL (SELECT (t.reopened_at AT TIME ZONE 'America/Toronto')::date AS day) reopened
    WHERE reopened.day BETWEEN first_on AND last_on
    UNION ALL SELECT c.request_key, c.is_later, 'transferred', a.ordinal::text, a.department
    FROM candidate c JOIN {schema}.fact_assignment a ON a.request_key = c.request_key AND a.sequence <= c.at
    WHERE a.transfer AND (a.routed_at AT TIME ZONE 'America/Toronto')::date BETWEEN first_on AND last_on
    UNION ALL SELECT c.request_key, c.is_later, 'obligation', o.obligation_id,
                     concat(o.obligation, ' ', {schema}.obligation_state_at(o.request_key, o.obligation_id, c.at))
    FROM candidate c JOIN {schema}.fact_obligation o ON o.request_key = c.request_key AND o.sequence <= c.at
    CROSS JOIN LATERAL {schema}.limit_at(o.request_key, o.obligation_id, c.at) l
    WHERE o.owed_by = 'town' AND ((l.due_at - interval '1 microsecond') AT TIME ZONE 'America/Toronto')::date BETWEEN first_on AND last_on
  ), paired AS (
    SELECT request_key, what, which, max(value) FILTER (WHERE NOT is_later) AS earlier,
           max(value) FILTER (WHERE is_later) AS later
    FROM told GROUP BY request_key, what, which
  )
  SELECT CASE WHEN NOT r.confidential THEN r.reference END, p.what, p.earlier, p.later, count(*)
  FROM paired p JOIN {schema}.fact_request r ON r.request_key = p.request_key
  WHERE p.earlier IS DISTINCT FROM p.later
    -- What was not known of at all differs by that alone: its department and status say nothing more.
    AND (p.what NOT IN ('department', 'status', 'first_line', 'unusual', 'rated')
         OR r.request_key <= (SELECT least(earlier_at, later_at) FROM knowledge))
  GROUP BY 1, 2, 3, 4, CASE WHEN r.confidential THEN 0 ELSE r.request_key END, CASE WHEN NOT r.confidential THEN p.which END
  ORDER BY 1 NULLS LAST, 2, 3, 4;
END;
COMMENT ON FUNCTION {schema}.report_difference(date, date, text, text) IS
  'What of a period (its first and last day) is told otherwise as of two days or positions of the log, each as clic.as_of takes it. One row per request and thing that differs: reference (null: confidential ones, told as a count), what (received, department, status, first_line, unusual, rated, acknowledged, answered, treated, reopened, transferred, obligation), earlier and later (what is told; null: nothing), requests (how many).';
