CREATE OR REPLACE TRIGGER "metric_forwarded" BEFORE INSERT ON "metric"
  FOR EACH ROW EXECUTE FUNCTION "metric_forwarded"();
