-- Puts the bytes of an artifact that is gone on the list of what the janitor removes.
CREATE OR REPLACE FUNCTION "artifact_discarded"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO discarded_object (location, bytes, reason) VALUES (OLD.location, OLD.bytes, 'artifact')
  ON CONFLICT (location) DO NOTHING;
  RETURN NULL;
END $$;
