CREATE OR REPLACE TRIGGER "run_waits_no_more" AFTER UPDATE OF "state" ON "run" FOR EACH ROW
  WHEN (OLD."state" = 'QUEUED' AND NEW."state" <> 'QUEUED') EXECUTE FUNCTION "run_waits_no_more"();
