-- What a database says of itself. $1 is the schema.

-- name: relations
-- Tables, views and functions with their comments, by name.
SELECT * FROM (
  SELECT relname::text AS name, CASE relkind WHEN 'r' THEN 'table' ELSE 'view' END AS kind,
         coalesce(obj_description(oid, 'pg_class'), '') AS told
  FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'v')
  UNION ALL
  SELECT concat(proname::text, '(', pg_get_function_identity_arguments(oid), ')'), 'function',
         coalesce(obj_description(oid, 'pg_proc'), '')
  FROM pg_proc WHERE pronamespace = $1::regnamespace
) found ORDER BY name COLLATE "C"

-- name: columns
-- The columns of tables and views with their types and comments.
SELECT c.relname AS relation, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       coalesce(col_description(c.oid, a.attnum), '') AS told
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
