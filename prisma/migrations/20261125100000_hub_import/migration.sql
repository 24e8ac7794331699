-- A model that is imported from a hub exists before anything is known of its tensors.
ALTER TABLE "model" ALTER COLUMN "architecture" DROP NOT NULL;
ALTER TABLE "model" ADD CONSTRAINT "model_ready_architecture_check"
  CHECK ("state" = 'IMPORTING' OR "architecture" IS NOT NULL);
-- What was asked of the hub, and from the end of the import on the commit that it meant.
ALTER TABLE "model" ADD COLUMN "source" JSONB;

-- What a run may use and nobody may read, such as the hub token of an import: AES-256-GCM, bound to the run.
CREATE TABLE "run_secret" (
  "run_id" TEXT PRIMARY KEY REFERENCES "run" ("id") ON DELETE CASCADE,
  "sealed" BYTEA NOT NULL,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);

-- No secret outlives its run, whoever ends it.
CREATE FUNCTION "run_secret_erased"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM run_secret WHERE run_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER "run_secret_erased" AFTER UPDATE OF "state" ON "run" FOR EACH ROW
  WHEN (NEW.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'SKIPPED')) EXECUTE FUNCTION "run_secret_erased"();
