-- Writes the event of a change of a run's state, whichever statement makes the change, and notifies listeners.
-- The notification is a hint, sent on commit, that says what changed: `state` or `cancel`. Progress is not an event: the
-- heartbeat that brings it notifies, and as rows it would be most of a busy pool's.
CREATE OR REPLACE FUNCTION "run_changed"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  what TEXT := 'state';
BEGIN
  IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
    INSERT INTO event (team_id, run_id, body) VALUES (NEW.team_id, NEW.id, jsonb_strip_nulls(jsonb_build_object(
      'type', 'run.state', 'runId', NEW.id, 'experimentId', NEW.experiment_id,
      'state', NEW.state, 'attempt', NEW.attempt, 'reason', NEW.reason,
      'failure', CASE WHEN NEW.state <> 'DISPATCHED' THEN NEW.failure END)));
  ELSIF NEW.cancel_requested_at IS NOT DISTINCT FROM OLD.cancel_requested_at THEN
    RETURN NULL;
  ELSE
    what := 'cancel';
  END IF;
  PERFORM pg_notify('espalier_run', NEW.team_id || ' ' || NEW.id || ' ' || what);
  RETURN NULL;
END $$;
