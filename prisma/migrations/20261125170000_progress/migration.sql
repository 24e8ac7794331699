-- PostgreSQL reads the text of a trigger's condition anew in every statement that could fire it, which costs heartbeats more
-- than the function does. A renewal that reports no progress names none of these columns.
DROP TRIGGER "run_changed" ON "run";
CREATE TRIGGER "run_changed" AFTER UPDATE OF "state", "progress", "cancel_requested_at" ON "run"
  FOR EACH ROW EXECUTE FUNCTION "run_changed"();
