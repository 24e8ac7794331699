CREATE OR REPLACE TRIGGER "run_waiting_inserted" AFTER INSERT ON "run_waiting" REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION "run_waiting_inserted"();
