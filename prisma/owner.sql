-- Gives this database, and whatever of the service is in it, to `espalier_owner`, who is no superuser and may act as the service's other roles.
-- A superuser runs it after roles.sql, in the service's database; it can be run again at any time, and changes nothing then.
DO $$
DECLARE
  mine RECORD;
BEGIN
  ALTER ROLE espalier_owner LOGIN INHERIT;
  GRANT espalier_api, espalier_pool, espalier_worker TO espalier_owner;
  IF NOT EXISTS (SELECT FROM pg_database d WHERE d.datname = current_database() AND d.datdba = 'espalier_owner'::regrole) THEN
    EXECUTE format('ALTER DATABASE %I OWNER TO espalier_owner', current_database());
  END IF;
  -- Up to PostgreSQL 14 the schema is not that of whoever owns the database.
  IF NOT pg_has_role('espalier_owner', (SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE')
    AND current_setting('server_version_num')::int < 150000 THEN
    ALTER SCHEMA public OWNER TO espalier_owner;
  END IF;
  FOR mine IN
    WITH ours AS (SELECT oid, nspname, nspowner FROM pg_namespace WHERE nspname IN ('public', 'bullmq')),
      -- What belongs to an extension, or to a column, goes with it.
      bound AS (SELECT classid, objid FROM pg_depend WHERE deptype IN ('e', 'a', 'i'))
    SELECT format('SCHEMA %I', nspname) AS name FROM ours WHERE nspname <> 'public' AND nspowner <> 'espalier_owner'::regrole
    UNION ALL
    SELECT format('%s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
      c.oid::regclass)
    FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relowner <> 'espalier_owner'::regrole
      AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM bound WHERE classid = 'pg_class'::regclass AND objid = c.oid))
    UNION ALL
    SELECT format('ROUTINE %s', p.oid::regprocedure)
    FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
    WHERE p.proowner <> 'espalier_owner'::regrole
      AND NOT EXISTS (SELECT FROM bound WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
    UNION ALL
    SELECT format('TYPE %s', t.oid::regtype)
    FROM pg_type t JOIN ours ON ours.oid = t.typnamespace
    WHERE t.typtype IN ('d', 'e') AND t.typowner <> 'espalier_owner'::regrole
      AND NOT EXISTS (SELECT FROM bound WHERE classid = 'pg_type'::regclass AND objid = t.oid)
  LOOP
    EXECUTE format('ALTER %s OWNER TO espalier_owner', mine.name);
  END LOOP;
END $$;
