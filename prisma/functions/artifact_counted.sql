-- Counts what a statement has added to a team's artifacts or taken away. A team that is deleted with them counts nothing any more.
CREATE OR REPLACE FUNCTION "artifact_counted"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO stored_bytes (team_id, bytes)
  SELECT c.team_id, CASE WHEN TG_OP = 'DELETE' THEN -sum(c.bytes) ELSE sum(c.bytes) END
  FROM counted c JOIN team t ON t.id = c.team_id GROUP BY c.team_id;
  RETURN NULL;
END $$;
