-- Writes the events of all reasons that one statement has inserted.
CREATE OR REPLACE FUNCTION "run_waiting_inserted"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM run_waiting_events(array_agg(run_id)) FROM fresh HAVING count(*) > 0;
  RETURN NULL;
END $$;
