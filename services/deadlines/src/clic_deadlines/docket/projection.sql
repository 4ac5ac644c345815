-- Statements of the projection. Each has a name and a sentence.

-- name: requests
-- These requests, as the fold goes on from them.
SELECT request_id::text, reference, kind, subject, department, assignee, confidential_to
FROM docket.request WHERE request_id = ANY ($1::uuid[]);

-- name: obligations
-- What is open of these requests.
SELECT request_id::text, obligation_id, obligation, starts_at, due_at, due_strict_on, due_prudent_on, warn_at,
       changed_at, warned, paused_since, missed_at, escalated_to, recounts
FROM docket.obligation WHERE request_id = ANY ($1::uuid[]) ORDER BY request_id, obligation_id;

-- name: write_request
-- Puts a request in the place of the one before.
INSERT INTO docket.request (request_id, reference, kind, subject, department, assignee, confidential_to)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (request_id) DO UPDATE SET department = excluded.department, assignee = excluded.assignee;

-- name: remove_obligation
-- An obligation that has ended.
DELETE FROM docket.obligation WHERE request_id = $1 AND obligation_id = $2;

-- name: write_obligation
-- Puts an obligation in the place of the one before.
INSERT INTO docket.obligation (
    request_id, obligation_id, obligation, reference, kind, subject, department, assignee, confidential_to, starts_at,
    due_at, due_strict_on, due_prudent_on, warn_at, warned, paused_since, missed_at, escalated_to, recounts,
    changed_at, standing
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT (request_id, obligation_id) DO UPDATE SET
    department = excluded.department, assignee = excluded.assignee, due_at = excluded.due_at,
    due_strict_on = excluded.due_strict_on, due_prudent_on = excluded.due_prudent_on, warn_at = excluded.warn_at,
    warned = excluded.warned, paused_since = excluded.paused_since, missed_at = excluded.missed_at,
    escalated_to = excluded.escalated_to, recounts = excluded.recounts, changed_at = excluded.changed_at,
    standing = excluded.standing;
