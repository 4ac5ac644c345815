-- What the JSON API reads: views, a page at a time. `{schema}` is where they are; what they tell is set by `clic.as_of`.

-- name: standing
-- What the rows are told of: which position and instant, by which definitions, of which log.
SELECT known.position, known.instant, made.rows, made.views, made.log_created_at
FROM {schema}.as_of known CROSS JOIN {schema}.version made

-- name: described
-- Views of schema $1 among the names $2, with their columns and what the database says of each.
SELECT c.relname AS view, coalesce(obj_description(c.oid, 'pg_class'), '') AS view_comment,
       a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
       coalesce(col_description(c.oid, a.attnum), '') AS column_comment
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = to_regnamespace($1) AND c.relname = ANY($2::text[]) AND c.relkind = 'v' AND a.attnum > 0
ORDER BY c.relname, a.attnum
