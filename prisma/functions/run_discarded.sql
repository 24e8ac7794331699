-- Puts a run that is gone on the lists of what the janitor removes: its folder with its checkpoints, its log lines and points.
CREATE OR REPLACE FUNCTION "run_discarded"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO discarded_object (location, reason) VALUES ('runs/' || OLD.id, 'run')
  ON CONFLICT (location) DO NOTHING;
  INSERT INTO discarded_run (id) VALUES (OLD.id) ON CONFLICT (id) DO NOTHING;
  RETURN NULL;
END $$;
