-- How many days a team's data is kept; null: for ever. Neither column is ever 0: what is to go at once is deleted.
ALTER TABLE "team"
  ADD COLUMN "keep_checkpoints" INTEGER DEFAULT 7 CHECK ("keep_checkpoints" > 0),
  ADD COLUMN "keep_files" INTEGER DEFAULT 1 CHECK ("keep_files" > 0),
  ADD COLUMN "keep_logs" INTEGER DEFAULT 90 CHECK ("keep_logs" > 0),
  ADD COLUMN "keep_metrics" INTEGER DEFAULT 30 CHECK ("keep_metrics" > 0),
  ADD COLUMN "keep_events" INTEGER DEFAULT 7 CHECK ("keep_events" > 0);

-- When somebody last looked through the folder of an attempt that has ended, for files that nothing refers to.
ALTER TABLE "attempt" ADD COLUMN "swept_at" TIMESTAMPTZ(6);
CREATE INDEX "attempt_unswept_idx" ON "attempt" ("ended_at") WHERE "swept_at" IS NULL AND "ended_at" IS NOT NULL;
-- Since when only some points of its metrics are kept.
ALTER TABLE "attempt" ADD COLUMN "sampled_at" TIMESTAMPTZ(6);
CREATE INDEX "attempt_unsampled_idx" ON "attempt" ("ended_at") WHERE "sampled_at" IS NULL AND "ended_at" IS NOT NULL;
CREATE INDEX "attempt_checkpoint_idx" ON "attempt" ("run_id") WHERE "checkpoint" IS NOT NULL;
-- Lines are written in the order of time, so that a summary of each range of pages finds the old ones.
CREATE INDEX "log_line_at_idx" ON "log_line" USING brin ("at");
