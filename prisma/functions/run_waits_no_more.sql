-- A run that has left the queue has no reason to wait any more.
CREATE OR REPLACE FUNCTION "run_waits_no_more"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM run_waiting WHERE run_id = NEW.id;
  RETURN NULL;
END $$;
