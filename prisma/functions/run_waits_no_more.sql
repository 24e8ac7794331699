-- Deletes the reason to wait of a run that has left the queue.
CREATE OR REPLACE FUNCTION "run_waits_no_more"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  DELETE FROM run_waiting WHERE run_id = NEW.id;
  RETURN NULL;
END $$;
