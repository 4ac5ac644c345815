-- What was known at a position of the log: what the session parameter `clic.as_of` asks for, and the rows as of it.
-- Names that begin with _ are the workings of the views in `views.sql`; analysts see those views alone.
--
-- Functions have SQL bodies (BEGIN ATOMIC), which hold what they read by identity and not by name: a rebuild's swap
-- renames the schema under them. They read tables for callers who may not (SECURITY DEFINER). What decides between the
-- halves of a view is left to the leader (PARALLEL RESTRICTED): the half that is not executed looks dear to the planner,
-- which would start workers, 50 ms each time, for one that is read in one. A position stands in a subquery of its own,
-- (SELECT …), so that it is found once for a statement and not for every row.

CREATE FUNCTION {schema}.as_of_refused(as_of text, position_at bigint) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  IF as_of ~ '^[0-9]{1,18}$' THEN
    RAISE EXCEPTION 'clic.as_of is position %, these tables hold the log up to position %', as_of, position_at
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a position up to that one, or wait until it is read.';
  END IF;
  RAISE EXCEPTION 'clic.as_of is %, which is neither a day nor a position of the log', quote_literal(as_of)
    USING ERRCODE = 'invalid_parameter_value',
          HINT = 'Write SET clic.as_of = ''2026-04-15'' for the end of a day, digits for a position, '''' for now.';
END
$$;
COMMENT ON FUNCTION {schema}.as_of_refused(text, bigint) IS 'Refuses a text that says no position, and how to mend it.';

CREATE FUNCTION {schema}.checkpoint_position() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
BEGIN ATOMIC
  SELECT coalesce((SELECT sequence FROM {schema}.checkpoint WHERE projection = 'reporting'), 0);
END;
COMMENT ON FUNCTION {schema}.checkpoint_position() IS 'Up to which position the tables hold the log; 0: nothing yet.';

CREATE FUNCTION {schema}.day_of(as_of text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN as_of ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN
           CASE WHEN pg_input_is_valid(as_of, 'date') THEN as_of::date END END;
END;
COMMENT ON FUNCTION {schema}.day_of(text) IS 'The day that a text names; null: none.';

CREATE FUNCTION {schema}.position_of(as_of text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
BEGIN ATOMIC
  SELECT CASE
    WHEN coalesce(as_of, '') = '' THEN held.position_at
    WHEN as_of ~ '^[0-9]{1,18}$' THEN
      CASE WHEN as_of::bigint <= held.position_at THEN as_of::bigint
           ELSE {schema}.as_of_refused(as_of, held.position_at) END
    WHEN {schema}.day_of(as_of) IS NOT NULL THEN
      coalesce((SELECT min(first_sequence) - 1 FROM {schema}.log_day WHERE recorded_on > {schema}.day_of(as_of)),
               held.position_at)
    ELSE {schema}.as_of_refused(as_of, held.position_at)
  END
  FROM (SELECT {schema}.checkpoint_position() AS position_at) held;
END;
COMMENT ON FUNCTION {schema}.position_of(text) IS
  'The position of the log that a text names: a day such as 2026-04-15 (what was known at its end, in America/Toronto), digits (that position), or nothing (now).';

CREATE FUNCTION {schema}.as_of_position() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
BEGIN ATOMIC
  SELECT {schema}.position_of(current_setting('clic.as_of', true));
END;
COMMENT ON FUNCTION {schema}.as_of_position() IS 'The position that every view tells: the one clic.as_of names.';

CREATE FUNCTION {schema}.as_of_is_current() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
BEGIN ATOMIC
  SELECT coalesce(current_setting('clic.as_of', true), '') = ''
      OR {schema}.as_of_position() = {schema}.checkpoint_position();
END;
COMMENT ON FUNCTION {schema}.as_of_is_current() IS 'Whether that is all that is known.';

CREATE FUNCTION {schema}.instant_of(as_of text) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
BEGIN ATOMIC
  -- The end of a day that is not over yet is not known: then the last fact's instant, as without a day.
  SELECT CASE WHEN day.ends_at <= greatest(now(), newest.recorded_at) THEN day.ends_at ELSE known.recorded_at END
  FROM (SELECT {schema}.position_of(as_of) AS position_at) named
  CROSS JOIN LATERAL (
    SELECT ({schema}.day_of(as_of) + 1)::timestamp AT TIME ZONE 'America/Toronto' AS ends_at
  ) day
  LEFT JOIN LATERAL (
    SELECT recorded_at FROM {schema}.fact_event WHERE sequence <= named.position_at
    ORDER BY sequence DESC, ordinal DESC LIMIT 1
  ) known ON true
  LEFT JOIN LATERAL (
    SELECT recorded_at FROM {schema}.fact_event ORDER BY sequence DESC, ordinal DESC LIMIT 1
  ) newest ON true;
END;
COMMENT ON FUNCTION {schema}.instant_of(text) IS
  'The instant at which what position_of names was known: the end of the day, or when the log took the last fact at that position; null: before any fact.';

CREATE FUNCTION {schema}.as_of_instant() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
BEGIN ATOMIC
  SELECT {schema}.instant_of(current_setting('clic.as_of', true));
END;
COMMENT ON FUNCTION {schema}.as_of_instant() IS 'The instant that every view tells: what is due before it is past due.';

CREATE FUNCTION {schema}.state_at(request bigint, position_at bigint) RETURNS TABLE (
  department text, first_line boolean, unusual boolean, assignments smallint, closed_at timestamptz, reopenings smallint,
  status text, criterion text, closing_reason text, outcome_assumed boolean
)
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT a.department, coalesce(a.first_line, false), coalesce(a.unusual, false), coalesce(a.ordinal, 0::smallint),
         CASE WHEN NOT t.reopened THEN t.treated_at END,
         coalesce(t.ordinal - 1 + t.reopened::integer, 0)::smallint,
         CASE WHEN t.ordinal IS NULL THEN 'open' WHEN t.reopened THEN 'reopened' ELSE coalesce(m.status, t.status) END,
         CASE WHEN t.reopened THEN NULL WHEN m.status IS NULL THEN t.criterion ELSE m.criterion END,
         CASE WHEN t.reopened THEN NULL WHEN m.status IS NULL THEN t.closing_reason ELSE m.closing_reason END,
         coalesce(CASE WHEN t.reopened THEN t.reopening_assumed ELSE coalesce(m.assumed, t.assumed) END, false)
  FROM (SELECT) here
  LEFT JOIN LATERAL (
    SELECT * FROM {schema}.fact_assignment
    WHERE request_key = request AND sequence <= position_at ORDER BY ordinal DESC LIMIT 1
  ) a ON true
  LEFT JOIN LATERAL (
    SELECT *, coalesce(reopened_sequence <= position_at, false) AS reopened FROM {schema}.fact_treatment
    WHERE request_key = request AND sequence <= position_at ORDER BY ordinal DESC LIMIT 1
  ) t ON true
  LEFT JOIN LATERAL (
    SELECT * FROM {schema}.fact_treatment_amended
    WHERE request_key = request AND ordinal = t.ordinal AND sequence <= position_at ORDER BY sequence DESC LIMIT 1
  ) m ON true;
END;
COMMENT ON FUNCTION {schema}.state_at(bigint, bigint) IS 'What of a request can change, as it was at a position of the log.';

CREATE VIEW {schema}._request_then AS
SELECT request_key, request_id, reference, kind, first_channel, language, subject, sector, requester, origin, publisher,
       confidential, rule_version, received_at, received_on, recorded_at, department, first_line, unusual, assignments,
       acknowledged_at, acknowledged_assumed, answered_at, answered_assumed, closed_at, reopenings, rating, erased_at, status,
       criterion, closing_reason, outcome_assumed
FROM {schema}.fact_request
WHERE request_key <= (SELECT {schema}.as_of_position()) AND last_sequence <= (SELECT {schema}.as_of_position())
UNION ALL
SELECT r.request_key, r.request_id, r.reference, r.kind, r.first_channel, r.language, r.subject, r.sector, r.requester,
       r.origin, r.publisher, r.confidential, r.rule_version, r.received_at, r.received_on, r.recorded_at,
       s.department, s.first_line, s.unusual, s.assignments,
       CASE WHEN r.acknowledged_sequence <= (SELECT {schema}.as_of_position()) THEN r.acknowledged_at END,
       coalesce(r.acknowledged_assumed AND r.acknowledged_sequence <= (SELECT {schema}.as_of_position()), false),
       CASE WHEN r.answered_sequence <= (SELECT {schema}.as_of_position()) THEN r.answered_at END,
       coalesce(r.answered_assumed AND r.answered_sequence <= (SELECT {schema}.as_of_position()), false),
       s.closed_at, s.reopenings,
       CASE WHEN r.rated_sequence <= (SELECT {schema}.as_of_position()) THEN r.rating END,
       CASE WHEN r.erased_sequence <= (SELECT {schema}.as_of_position()) THEN r.erased_at END,
       s.status, s.criterion, s.closing_reason, s.outcome_assumed
FROM {schema}.fact_request r
CROSS JOIN LATERAL {schema}.state_at(r.request_key, (SELECT {schema}.as_of_position())) s
WHERE r.request_key <= (SELECT {schema}.as_of_position()) AND r.last_sequence > (SELECT {schema}.as_of_position());
COMMENT ON VIEW {schema}._request_then IS 'Requests as of clic.as_of: as they stand where nothing came later, else as they were.';

CREATE VIEW {schema}._treatment_then AS
SELECT request_key, ordinal, sequence, treated_at, how, status, criterion, closing_reason, assumed,
       CASE WHEN reopened_sequence <= (SELECT {schema}.as_of_position()) THEN reopened_at END AS reopened_at,
       reopening_assumed AND reopened_sequence <= (SELECT {schema}.as_of_position()) AS reopening_assumed
FROM {schema}.fact_treatment WHERE sequence <= (SELECT {schema}.as_of_position());
COMMENT ON VIEW {schema}._treatment_then IS 'Treatments as of clic.as_of.';

CREATE FUNCTION {schema}.obligation_state(
  due_at timestamptz, met_at timestamptz, lifted boolean, lapsed boolean, missed boolean, paused boolean
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN met_at < due_at THEN 'met' WHEN met_at IS NOT NULL THEN 'late' WHEN lifted THEN 'lifted'
              WHEN lapsed THEN 'lapsed' WHEN missed AND NOT paused THEN 'missed' ELSE 'open' END;
END;
COMMENT ON FUNCTION {schema}.obligation_state(timestamptz, timestamptz, boolean, boolean, boolean, boolean) IS
  'What came of an obligation by what is known of it; the fold says the same of the newest knowledge.';

CREATE VIEW {schema}._obligation_then AS
SELECT o.request_key, o.obligation_id, o.obligation, o.owed_by, o.sequence, o.rule, o.rule_version, o.starts_at,
       stood.due_at,
       {schema}.obligation_state(
         stood.due_at, kept.met_at, o.lifted_sequence <= (SELECT {schema}.as_of_position()),
         o.lapsed_sequence <= (SELECT {schema}.as_of_position()),
         stood.missed_sequence <= (SELECT {schema}.as_of_position()), stood.paused_since IS NOT NULL) AS state,
       stood.paused_since, coalesce(stood.warned_sequence <= (SELECT {schema}.as_of_position()), false) AS warned,
       kept.met_at, kept.met_assumed,
       CASE WHEN o.lifted_sequence <= (SELECT {schema}.as_of_position()) THEN o.lifted END AS lifted
FROM {schema}.fact_obligation o
LEFT JOIN {schema}.fact_obligation_limit l
  ON l.request_key = o.request_key AND l.obligation_id = o.obligation_id
 AND l.limit_sequence <= (SELECT {schema}.as_of_position()) AND (SELECT {schema}.as_of_position()) < l.until_sequence
CROSS JOIN LATERAL (SELECT o.limit_sequence <= (SELECT {schema}.as_of_position()) AS still) limits
CROSS JOIN LATERAL (
  SELECT CASE WHEN limits.still THEN o.due_at ELSE l.due_at END AS due_at,
         CASE WHEN limits.still THEN o.paused_since ELSE l.paused_since END AS paused_since,
         CASE WHEN limits.still THEN o.warned_sequence ELSE l.warned_sequence END AS warned_sequence,
         CASE WHEN limits.still THEN o.missed_sequence ELSE l.missed_sequence END AS missed_sequence
) stood
LEFT JOIN {schema}.fact_obligation_corrected c
  ON c.request_key = o.request_key AND c.obligation_id = o.obligation_id
 AND c.met_sequence <= (SELECT {schema}.as_of_position()) AND (SELECT {schema}.as_of_position()) < c.until_sequence
CROSS JOIN LATERAL (
  SELECT CASE WHEN o.met_sequence <= (SELECT {schema}.as_of_position()) THEN o.met_at ELSE c.met_at END AS met_at,
         coalesce(CASE WHEN o.met_sequence <= (SELECT {schema}.as_of_position()) THEN o.met_assumed ELSE c.met_assumed END, false) AS met_assumed
) kept
WHERE o.sequence <= (SELECT {schema}.as_of_position());
COMMENT ON VIEW {schema}._obligation_then IS 'Obligations as of clic.as_of, by the limits that stood then, with what was believed of those that were corrected since.';
COMMENT ON COLUMN {schema}._obligation_then.warned IS 'Whether the limit that stood was warned of.';

CREATE FUNCTION {schema}.limit_at(request bigint, obligation text, position_at bigint)
RETURNS TABLE (due_at timestamptz, paused_since timestamptz, missed_sequence bigint)
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT o.due_at, o.paused_since, o.missed_sequence FROM {schema}.fact_obligation o
  WHERE o.request_key = request AND o.obligation_id = limit_at.obligation AND o.limit_sequence <= position_at
  UNION ALL
  SELECT l.due_at, l.paused_since, l.missed_sequence FROM {schema}.fact_obligation_limit l
  WHERE l.request_key = request AND l.obligation_id = limit_at.obligation
    AND l.limit_sequence <= position_at AND position_at < l.until_sequence;
END;
COMMENT ON FUNCTION {schema}.limit_at(bigint, text, bigint) IS 'The limit of one obligation at a position of the log.';

CREATE FUNCTION {schema}.obligation_state_at(request bigint, obligation text, position_at bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
BEGIN ATOMIC
  SELECT {schema}.obligation_state(
           l.due_at, CASE WHEN o.met_sequence <= position_at THEN o.met_at ELSE c.met_at END,
           o.lifted_sequence <= position_at, o.lapsed_sequence <= position_at, l.missed_sequence <= position_at,
           l.paused_since IS NOT NULL)
  FROM {schema}.fact_obligation o
  CROSS JOIN LATERAL {schema}.limit_at(o.request_key, o.obligation_id, position_at) l
  LEFT JOIN {schema}.fact_obligation_corrected c
    ON c.request_key = o.request_key AND c.obligation_id = o.obligation_id
   AND c.met_sequence <= position_at AND position_at < c.until_sequence
  WHERE o.request_key = request AND o.obligation_id = obligation_state_at.obligation;
END;
COMMENT ON FUNCTION {schema}.obligation_state_at(bigint, text, bigint) IS 'The state of one obligation at a position of the log.';

CREATE VIEW {schema}._interaction_then AS
SELECT sequence, ordinal, interaction_id, request_id, channel, subject, first_contact, answered_first_line, origin,
       publisher, occurred_at, occurred_on, recorded_at
FROM {schema}.fact_interaction WHERE sequence <= (SELECT {schema}.as_of_position());
COMMENT ON VIEW {schema}._interaction_then IS 'Interactions as of clic.as_of.';
