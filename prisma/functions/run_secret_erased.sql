-- Deletes the secret of a run that has ended, whichever statement has ended it.
CREATE OR REPLACE FUNCTION "run_secret_erased"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  DELETE FROM run_secret WHERE run_id = NEW.id;
  RETURN NULL;
END $$;
