-- The role of analysts: sees the views of reporting and nothing else. Run by an administrator of the server, in the
-- database of reporting (`{database}`), once; again to change its password. Views are granted by reporting itself, which
-- owns them, when it starts and after each rebuild.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clic_analyst') THEN
    CREATE ROLE clic_analyst;
  END IF;
END
$$;
ALTER ROLE clic_analyst LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 10 PASSWORD {password};
-- What is not granted cannot be done; these are for comfort and against accidents, a session may set them otherwise.
ALTER ROLE clic_analyst SET default_transaction_read_only = on;
ALTER ROLE clic_analyst SET statement_timeout = '60s';
ALTER ROLE clic_analyst SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE clic_analyst SET search_path = reporting;
ALTER ROLE clic_analyst SET timezone = 'America/Toronto';
-- Every reading is in the server's log (POL-38); only an administrator can set this otherwise.
ALTER ROLE clic_analyst SET log_statement = 'all';
GRANT CONNECT ON DATABASE {database} TO clic_analyst;
-- Nothing is left that everybody may write: temporary tables, large objects.
REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
