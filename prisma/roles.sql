-- The roles of the service, which belong to a server and not to a database. An API makes them when it starts, if its owner's user may;
-- else an administrator runs this once, with psql, before a first start and before a dump is restored. It can be run again at any
-- time. None of them may log in until somebody says so (docs/operations.md).
DO $$
DECLARE
  role TEXT;
  -- From PostgreSQL 16 on, who has made a role may give it to others, and has it himself only once he says so.
  acting TEXT := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  FOREACH role IN ARRAY ARRAY['espalier_owner', 'espalier_api', 'espalier_pool', 'espalier_worker'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- Another deployment on this server has made it at this moment.
      END;
    END IF;
    -- Whoever migrates owns the tables, and an API or a worker that has his password still acts as its own role.
    IF NOT pg_has_role(role, acting) THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', role);
    END IF;
  END LOOP;
  -- An API acts over all teams only where it says so, as it inherits nothing.
  IF NOT pg_has_role('espalier_api', 'espalier_pool', acting) THEN
    GRANT espalier_pool TO espalier_api;
  END IF;
END $$;
