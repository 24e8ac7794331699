-- Who made what, as JSON: the names are those of that time, and outlive the key and the user. What was made before has none. The columns
-- are empty and take no time; the index takes about a second for a million runs, in which no run is written.
ALTER TABLE "run" ADD COLUMN "created_by" JSONB, ADD COLUMN "cancelled_by" JSONB;
ALTER TABLE "run_array" ADD COLUMN "created_by" JSONB;
ALTER TABLE "experiment" ADD COLUMN "created_by" JSONB;
ALTER TABLE "model" ADD COLUMN "created_by" JSONB;
ALTER TABLE "dataset" ADD COLUMN "created_by" JSONB;
ALTER TABLE "upload" ADD COLUMN "created_by" JSONB;

-- The runs of a schedule are its maker's. Those of earlier schedules are still the user default's.
ALTER TABLE "schedule" ADD COLUMN "created_by" JSONB,
  ADD COLUMN "user_id" TEXT REFERENCES "team_user"("id") ON DELETE SET NULL ON UPDATE NO ACTION;

-- The runs of a user, newest first.
CREATE INDEX "run_team_id_user_id_id_idx" ON "run" ("team_id", "user_id", "id");
