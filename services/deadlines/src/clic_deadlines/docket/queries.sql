-- What people read of the docket. Each has a name and a sentence.
--
-- `{where}` is a fixed text of query.py and `{limit}` a number. A list is read realm by realm and standing by standing,
-- each from one index and from where the page before ended: its cost does not grow with the table, and what somebody
-- may not see is not passed over (POL-26).

-- name: page
-- Open obligations, soonest limit first, after a row and before an instant.
SELECT found.*, found.request_id::text AS id
FROM unnest($1::text[]) AS seen (realm) CROSS JOIN unnest($2::text[]) AS stands (standing) CROSS JOIN LATERAL (
    SELECT o.* FROM docket.obligation o
    WHERE o.realm = seen.realm AND o.standing = stands.standing AND {where}
      AND (o.due_at, o.request_id, o.obligation_id) > ($3::timestamptz, $4::uuid, $5::text)
      AND o.due_at < $6::timestamptz
    ORDER BY o.due_at, o.request_id, o.obligation_id LIMIT {limit}
) found
ORDER BY found.due_at, found.request_id, found.obligation_id LIMIT {limit};

-- name: of_everybody
-- Open obligations of all realms, soonest limit first: for who sends each realm what is its own.
SELECT o.*, o.request_id::text AS id FROM docket.obligation o
WHERE $1::text IS NULL OR o.department = $1
ORDER BY o.due_at, o.request_id, o.obligation_id LIMIT $2;

-- name: requests_after
-- Requests that something is open of, by their ids, after one.
SELECT DISTINCT ON (o.request_id) o.request_id::text, o.reference, o.department, o.subject, o.confidential_to
FROM docket.obligation o WHERE o.request_id > $1::uuid ORDER BY o.request_id LIMIT $2;

-- name: by_reference
-- The request of a reference, and who may see it.
SELECT request_id::text, confidential_to FROM docket.request WHERE reference = $1;

-- name: position
-- How far the tables hold the log.
SELECT sequence FROM docket.checkpoint WHERE projection = 'docket';

-- name: standings
-- How many obligations are open, by duty, department and standing; `due`: those whose limit is within 24 hours.
-- As in query.py: a limit that has passed makes it missed, said or not, and a window of somebody else lapses.
SELECT o.obligation, o.department, stands.state, count(*) AS number,
       count(*) FILTER (WHERE stands.state IN ('running', 'at_risk') AND o.due_at <= $1 + interval '24 hours') AS due
FROM docket.obligation o CROSS JOIN LATERAL (
    SELECT CASE
        WHEN o.standing = 'paused' THEN 'paused'
        WHEN o.obligation = ANY ($2::text[]) THEN 'window'
        WHEN o.due_at <= $1 THEN 'missed'
        ELSE o.standing
    END AS state
) stands
GROUP BY o.obligation, o.department, stands.state;
