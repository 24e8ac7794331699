-- The sealed secret of a run, for the worker that has its lease: a worker cannot read the table.
CREATE OR REPLACE FUNCTION "secret_of"("run" TEXT, "number" INTEGER, "worker" TEXT) RETURNS BYTEA
LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT s.sealed FROM run_secret s JOIN run r ON r.id = s.run_id
  WHERE r.id = "run" AND r.attempt = "number" AND r.lease_owner = "worker" AND r.state = 'RUNNING'
$$;
