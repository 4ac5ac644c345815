-- What is looked at before a swap. `{schema}` is where the new tables are, `{table}` a table with its schema.

-- name: together
-- Children without a request, requests without their first contact, and a balance that is off: all are to be 0.
SELECT (SELECT count(*) FROM {schema}.fact_assignment WHERE request_key NOT IN (SELECT request_key FROM {schema}.fact_request)) AS assignments_of_nothing,
       (SELECT count(*) FROM {schema}.fact_treatment WHERE request_key NOT IN (SELECT request_key FROM {schema}.fact_request)) AS treatments_of_nothing,
       (SELECT count(*) FROM {schema}.fact_obligation WHERE request_key NOT IN (SELECT request_key FROM {schema}.fact_request)) AS obligations_of_nothing,
       (SELECT count(*) FROM {schema}.fact_obligation_limit l WHERE NOT EXISTS (
          SELECT FROM {schema}.fact_obligation o WHERE o.request_key = l.request_key AND o.obligation_id = l.obligation_id)) AS limits_of_nothing,
       (SELECT count(*) FROM {schema}.fact_escalation e WHERE NOT EXISTS (
          SELECT FROM {schema}.fact_obligation o WHERE o.request_key = e.request_key AND o.obligation_id = e.obligation_id)) AS escalations_of_nothing,
       (SELECT count(*) FROM {schema}.fact_access WHERE request_key NOT IN (SELECT request_key FROM {schema}.fact_request)) AS steps_of_nothing,
       (SELECT count(*) FROM {schema}.fact_request)
     - (SELECT count(*) FROM {schema}.fact_interaction WHERE first_contact) AS requests_without_contact,
       (SELECT count(*) FROM {schema}.fact_request WHERE status IN ('open', 'reopened'))
     - (SELECT count(*) FROM {schema}.fact_request)
     + (SELECT count(*) FILTER (WHERE reopened_at IS NULL) FROM {schema}.fact_treatment) AS pending_off_balance

-- name: counts
-- How many rows there are of what was counted while it was folded, and of what the sums count.
SELECT (SELECT count(*) FROM {schema}.fact_event) AS events,
       (SELECT count(*) FROM {schema}.fact_request) AS requests,
       (SELECT count(*) FROM {schema}.fact_interaction) AS interactions,
       (SELECT count(*) FROM {schema}.fact_obligation WHERE owed_by = 'town') AS obligations,
       (SELECT coalesce(sum(requests), 0)::bigint FROM {schema}.sum_request) AS summed_requests,
       (SELECT coalesce(sum(interactions), 0)::bigint FROM {schema}.sum_interaction) AS summed_interactions,
       (SELECT coalesce(sum(obligations), 0)::bigint FROM {schema}.sum_obligation) AS summed_obligations

-- name: checksum
-- How many rows a table has, and a checksum that does not hang on their order: keys are unique, so that no two cancel out.
SELECT count(*) AS rows, coalesce(bit_xor(hash_record_extended(t, 0)), 0) AS checksum FROM {table} t

-- name: hashes
-- For each position (a request's key, or a fact's) its rows' checksum, in the log's order.
SELECT {position} AS position, bit_xor(hash_record_extended(t, 0)) AS checksum FROM {table} t GROUP BY 1 ORDER BY 1
