-- What people call a run and say of it, and what lists of runs are filtered and sorted by.
ALTER TABLE "run" ADD COLUMN "name" TEXT, ADD COLUMN "tags" TEXT[] NOT NULL DEFAULT '{}', ADD COLUMN "notes" TEXT;

-- Words by which a run is found, as `words` in packages/store/src/runs/filter.ts has them.
CREATE INDEX "run_words" ON "run" USING gin (array_to_tsvector(array_remove(regexp_split_to_array(lower(coalesce("name", '')), '[^[:alnum:]]+')
  || lower(coalesce("name", '')) || "tags", ''))) WHERE "name" IS NOT NULL OR "tags" <> '{}';
CREATE INDEX "run_team_id_model_id_id_idx" ON "run" ("team_id", "model_id", "id");
-- Most runs are normal, and the newest of them are found without it.
CREATE INDEX "run_class" ON "run" ("team_id", "class", "id") WHERE "class" <> 'normal';
-- Runs have these once they have ended, so that they cost nothing before.
CREATE INDEX "run_ended" ON "run" ("team_id", "ended_at", "id") WHERE "ended_at" IS NOT NULL;
CREATE INDEX "run_duration" ON "run" ("team_id", ("ended_at" - "started_at"), "id") WHERE "ended_at" IS NOT NULL AND "started_at" IS NOT NULL;
