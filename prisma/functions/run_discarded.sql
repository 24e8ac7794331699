-- Puts the folder of a run that is gone, with its checkpoints, on the list of what the janitor removes.
CREATE OR REPLACE FUNCTION "run_discarded"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO discarded_object (location, reason) VALUES ('runs/' || OLD.id, 'run')
  ON CONFLICT (location) DO NOTHING;
  RETURN NULL;
END $$;
