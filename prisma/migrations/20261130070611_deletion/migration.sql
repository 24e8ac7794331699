-- What was deleted by somebody, for ever: a run that names it can be told so, and cannot be submitted or retried.
CREATE TABLE "deletion" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "actor" TEXT NOT NULL,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "deletion_team_id_at_idx" ON "deletion" ("team_id", "at");

-- Objects whose rows are gone, or folders of runs that are gone. The rows go first, in one transaction with their entry
-- here; then the bytes; then the entry. So a process may be killed between any two of these.
CREATE TABLE "discarded_object" (
  "location" TEXT PRIMARY KEY,
  -- Null where nobody has measured it.
  "bytes" BIGINT,
  "reason" TEXT NOT NULL,
  "since" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  -- An object that could not be removed is tried again then.
  "due_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "discarded_object_due_at_idx" ON "discarded_object" ("due_at");

-- In the order of bytes, so that the artifacts below a folder are a range.
CREATE INDEX "artifact_location_range_idx" ON "artifact" ("location" COLLATE "C");
-- What derives from a model.
CREATE INDEX "model_base_model_id_idx" ON "model" ("base_model_id");
CREATE INDEX "dataset_artifact_id_idx" ON "dataset" ("artifact_id");
