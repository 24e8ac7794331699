-- Runs that were submitted as one, with an index each; `at_once` of them may be queued or computing at a time, null: all.
CREATE TABLE "run_array" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "indices" TEXT NOT NULL,
  "at_once" INTEGER CHECK ("at_once" > 0),
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "run_array_team_id_id_idx" ON "run_array" ("team_id", "id");
ALTER TABLE "run" ADD COLUMN "array_id" TEXT, ADD COLUMN "array_index" INTEGER;
-- All rows have null there, so that nothing has to be checked.
ALTER TABLE "run" ADD CONSTRAINT "run_array_id_fkey" FOREIGN KEY ("array_id") REFERENCES "run_array" ("id")
  ON DELETE SET NULL NOT VALID;
CREATE INDEX "run_array_id_array_index_idx" ON "run" ("array_id", "array_index") WHERE "array_id" IS NOT NULL;
