-- What a schedule does when it is due and what it submitted before has not ended: as until now, it submits all the same.
ALTER TABLE "schedule" ADD COLUMN "overlap" TEXT NOT NULL DEFAULT 'allow'
  CHECK ("overlap" IN ('allow', 'skip', 'queue', 'replace'));

-- What became of each due time: who was in its way, and what it replaced.
ALTER TABLE "schedule_firing" ADD COLUMN "outcome" TEXT NOT NULL DEFAULT 'submitted'
  CHECK ("outcome" IN ('submitted', 'waiting', 'skipped', 'failed')),
  ADD COLUMN "blocked_by" TEXT,
  ADD COLUMN "replaced" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
UPDATE "schedule_firing" SET "outcome" = 'failed' WHERE "problem" IS NOT NULL;
CREATE INDEX "schedule_firing_waiting_idx" ON "schedule_firing" ("due_at") WHERE "outcome" = 'waiting';
