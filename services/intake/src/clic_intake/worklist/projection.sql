-- Statements of the projection. Each has a name and a sentence.

-- name: rows
-- The rows of these requests, as the fold goes on from them.
SELECT request_id::text, request_key, reference, kind, subject, sector, channel, language, origin, publisher, phase,
       received_at, updated_at, last_sequence, closed_at, department, first_line, unusual, urgent, confidential_to,
       assigned_to, missing, waiting_since, owed, undelivered, answered, merged_into::text, rating,
       public_text, public_notes, erased, heard_since
FROM desk.request WHERE request_id = ANY ($1::uuid[]);

-- name: write
-- Puts a row in the place of the one before.
INSERT INTO desk.request (
    request_id, request_key, reference, kind, subject, sector, channel, language, origin, publisher, phase,
    received_at, updated_at, last_sequence, closed_at, department, first_line, unusual, urgent, confidential_to,
    assigned_to, missing, waiting_since, next_obligation, due_at, warned, missed, answered, merged_into, rating,
    letters_failed, public_text, public_notes, erased, owed, undelivered, pending, heard_since
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
          $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38)
ON CONFLICT (request_id) DO UPDATE SET
    phase = excluded.phase, updated_at = excluded.updated_at, last_sequence = excluded.last_sequence,
    closed_at = excluded.closed_at, department = excluded.department, first_line = excluded.first_line,
    unusual = excluded.unusual, assigned_to = excluded.assigned_to, missing = excluded.missing,
    waiting_since = excluded.waiting_since, next_obligation = excluded.next_obligation, due_at = excluded.due_at,
    warned = excluded.warned, missed = excluded.missed, answered = excluded.answered,
    merged_into = excluded.merged_into, rating = excluded.rating, letters_failed = excluded.letters_failed,
    public_text = excluded.public_text, public_notes = excluded.public_notes, erased = excluded.erased,
    owed = excluded.owed, undelivered = excluded.undelivered, pending = excluded.pending,
    heard_since = excluded.heard_since;
