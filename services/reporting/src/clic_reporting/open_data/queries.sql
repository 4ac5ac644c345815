-- What the town publishes row by row, counted by what would be published of it. Read under `clic.as_of`.

-- name: cells
-- Requests received from $1 to $2 (days, the second exclusive) that are not confidential, and contacts that opened none,
-- in the order of their months. `further` counts the contacts of a request after its first: phone=2,email=1.
WITH further AS (
  SELECT request_key, string_agg(channel || '=' || contacts, ',' ORDER BY channel) AS further
  FROM (
    SELECT request_key, channel, count(*) AS contacts FROM {schema}.interaction
    WHERE request_key IS NOT NULL AND NOT first_contact GROUP BY request_key, channel
  ) counted
  GROUP BY request_key
)
SELECT to_char(r.received_on, 'YYYY-MM') AS month, r.kind, r.subject, r.sector, r.first_channel AS channel, f.further,
       r.department, r.status, count(*) AS rows
FROM {schema}.request r LEFT JOIN further f ON f.request_key = r.request_key
WHERE NOT r.confidential AND r.received_on >= $1 AND r.received_on < $2
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
UNION ALL
SELECT to_char(occurred_on, 'YYYY-MM'), NULL, subject, NULL, channel, NULL, NULL, NULL, count(*)
FROM {schema}.interaction
WHERE NOT first_contact AND request_key IS NULL AND interaction_id IS NOT NULL
  AND occurred_on >= $1 AND occurred_on < $2
GROUP BY 1, 3, 5
ORDER BY month

-- name: confidential
-- Requests received from $1 to $2 (days, the second exclusive) that are not published: access requests and the like.
SELECT count(*) FROM {schema}.request WHERE confidential AND received_on >= $1 AND received_on < $2

-- name: standing
-- What the rows are told of, and the first day with anything in it.
SELECT known.position, known.instant, version.views, version.rows,
       least((SELECT min(received_on) FROM {schema}.request), (SELECT min(occurred_on) FROM {schema}.interaction)) AS first_on
FROM {schema}.as_of known CROSS JOIN {schema}.version
