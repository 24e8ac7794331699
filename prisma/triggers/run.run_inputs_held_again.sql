CREATE OR REPLACE TRIGGER "run_inputs_held_again" BEFORE UPDATE OF "state" ON "run" FOR EACH ROW
  WHEN (OLD."ended_at" IS NOT NULL AND NEW."ended_at" IS NULL) EXECUTE FUNCTION "run_inputs_held"();
