CREATE OR REPLACE TRIGGER "artifact_discarded" AFTER DELETE ON "artifact"
  FOR EACH ROW EXECUTE FUNCTION "artifact_discarded"();
