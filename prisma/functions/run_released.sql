-- When a run leaves its devices: frees them, adds what it has used to the usage of its team and user, and, if it has
-- succeeded, adds its duration and its memory to the history.
CREATE OR REPLACE FUNCTION "run_released"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  held DOUBLE PRECISION;
  began TIMESTAMPTZ;
  took DOUBLE PRECISION;
  ratio DOUBLE PRECISION;
BEGIN
  SELECT sum(units) INTO held FROM run_device WHERE run_id = NEW.id;
  IF OLD.state = 'RUNNING' THEN
    SELECT started_at INTO began FROM attempt WHERE run_id = NEW.id AND number = OLD.attempt;
    IF held IS NOT NULL AND began IS NOT NULL THEN PERFORM account_for(NEW, held, began); END IF;
    UPDATE device SET released_at = now() WHERE id IN (SELECT device_id FROM run_device WHERE run_id = NEW.id);
  END IF;
  DELETE FROM run_device WHERE run_id = NEW.id;
  IF NEW.state = 'SUCCEEDED' THEN
    SELECT sum(extract(epoch FROM coalesce(ended_at, now()) - started_at)) * 1000 INTO took FROM attempt
    WHERE run_id = NEW.id AND state IN ('RUNNING', 'SUCCEEDED', 'RETURNED', 'PREEMPTED');
    SELECT p.value / NEW.predicted_bytes INTO ratio FROM metric_series s JOIN metric_point p ON p.series = s.id
    WHERE s.run_id = NEW.id AND s.name = 'peak_memory_bytes' ORDER BY s.attempt DESC, p.step DESC LIMIT 1;
    IF NEW.model_id IS NOT NULL THEN PERFORM learn(NEW.kind || '/' || NEW.model_id, took, ratio); END IF;
    PERFORM learn(NEW.kind, took, ratio);
    -- The pace: milliseconds for each second that a nominal host would take.
    IF NEW.predicted_seconds IS NOT NULL THEN
      took := took / NEW.predicted_seconds;
      IF NEW.model_id IS NOT NULL THEN PERFORM learn('pace/' || NEW.kind || '/' || NEW.model_id, took, NULL); END IF;
      PERFORM learn('pace/' || NEW.kind, took, NULL);
      IF NEW.kind IN ('search', 'train', 'evaluate') THEN PERFORM learn('pace/compute', took, NULL); END IF;
    END IF;
  END IF;
  RETURN NULL;
END $$;
