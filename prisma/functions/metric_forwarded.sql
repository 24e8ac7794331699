-- Workers of the version before write points into "metric", where none stays.
CREATE OR REPLACE FUNCTION "metric_forwarded"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO metric_point (series, value, step, after)
  SELECT s.id, NEW.value, NEW.step, series_time(s.id) FROM series_of(NEW.run_id, NEW.attempt, ARRAY[NEW.name]) s
  ON CONFLICT (series, step) DO UPDATE SET value = excluded.value, after = excluded.after;
  RETURN NULL;
END $$;
