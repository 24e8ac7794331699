-- Progress is where a run is, not what has happened: it is told by NOTIFY with the heartbeat that brings it, and not kept.
-- As events it would be most of a busy pool's rows. PostgreSQL reads the text of a trigger's condition anew in every
-- statement that could fire it, so the trigger has none, and heartbeats change no column of its list.
CREATE OR REPLACE FUNCTION "run_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP TRIGGER "run_changed" ON "run";
CREATE TRIGGER "run_changed" AFTER UPDATE OF "state", "cancel_requested_at" ON "run"
  FOR EACH ROW EXECUTE FUNCTION "run_changed"();
DELETE FROM "event" WHERE "body" ->> 'type' = 'run.progress';
