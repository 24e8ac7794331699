-- Writes the event of a reason that has changed.
CREATE OR REPLACE FUNCTION "run_waiting_updated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM run_waiting_events(ARRAY[NEW.run_id]);
  RETURN NULL;
END $$;
