-- PostgreSQL reads the text of a trigger's condition again in every statement that could fire it, so this trigger has none,
-- and heartbeats change no column of its list.
CREATE OR REPLACE TRIGGER "run_changed" AFTER UPDATE OF "state", "cancel_requested_at" ON "run"
  FOR EACH ROW EXECUTE FUNCTION "run_changed"();
