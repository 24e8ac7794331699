-- The series of an attempt with these names, which it makes where they are missing. Two that make the same one at the same moment
-- wait for each other, and each statement sees what was committed before it.
CREATE OR REPLACE FUNCTION "series_of"(run TEXT, number INTEGER, names TEXT[]) RETURNS SETOF metric_series LANGUAGE plpgsql AS $$
BEGIN
  IF run IS NULL THEN RETURN; END IF;
  INSERT INTO metric_series (run_id, name, attempt)
  SELECT run, n.name, number FROM (SELECT DISTINCT unnest(names) AS name) n
  WHERE NOT EXISTS (SELECT FROM metric_series s WHERE s.run_id = run AND s.name = n.name AND s.attempt = number)
  ORDER BY n.name
  ON CONFLICT (run_id, name, attempt) DO NOTHING;
  RETURN QUERY SELECT s.* FROM metric_series s WHERE s.run_id = run AND s.attempt = number AND s.name = ANY(names);
END $$;
