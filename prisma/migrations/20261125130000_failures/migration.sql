-- A run that crashes whatever computes it takes no device any more until a person retries it.
ALTER TABLE "run" DROP CONSTRAINT "run_state_check";
ALTER TABLE "run" ADD CONSTRAINT "run_state_check" CHECK ("state" IN
  ('WAITING', 'QUEUED', 'DISPATCHED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'SKIPPED', 'QUARANTINED'));
-- The one that says when a run has ended.
ALTER TABLE "run" DROP CONSTRAINT "run_check2";
ALTER TABLE "run" ADD CONSTRAINT "run_ended_at_check" CHECK
  (("state" IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'SKIPPED', 'QUARANTINED')) = ("ended_at" IS NOT NULL));

-- Why an attempt ended without a result; of a run, why its last one did.
ALTER TABLE "attempt"
  ADD COLUMN "failure" TEXT,
  ADD COLUMN "device_id" TEXT,
  -- Step of the checkpoint that it was given; null: it began anew.
  ADD COLUMN "resumed_step" INTEGER;
ALTER TABLE "run"
  ADD COLUMN "failure" TEXT,
  -- The last attempt when a person asked for the run again; those up to it are not held against it.
  ADD COLUMN "forgiven_attempt" INTEGER NOT NULL DEFAULT 0,
  -- The next attempt has to wait until then.
  ADD COLUMN "not_before" TIMESTAMPTZ(6),
  DROP COLUMN "lost_attempts";
-- What earlier versions knew of it.
UPDATE "attempt" SET "failure" = CASE
  WHEN "state" = 'RETURNED' THEN 'preempted'
  WHEN "problem" ->> 'code' = 'device/out-of-memory' THEN 'out-of-memory'
  WHEN "problem" ->> 'code' IN ('worker/child-crashed', 'internal/error') THEN 'crash'
  WHEN "state" = 'LOST' THEN 'infrastructure' END;

DROP TRIGGER "run_secret_erased" ON "run";
CREATE TRIGGER "run_secret_erased" AFTER UPDATE OF "state" ON "run" FOR EACH ROW
  WHEN (NEW.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'SKIPPED', 'QUARANTINED'))
  EXECUTE FUNCTION "run_secret_erased"();

-- The event says why the last attempt ended, where the run is not running.
CREATE OR REPLACE FUNCTION "run_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
    INSERT INTO event (team_id, run_id, body) VALUES (NEW.team_id, NEW.id, jsonb_strip_nulls(jsonb_build_object(
      'type', 'run.state', 'runId', NEW.id, 'experimentId', NEW.experiment_id,
      'state', NEW.state, 'attempt', NEW.attempt, 'reason', NEW.reason, 'failure', NEW.failure)));
  ELSIF NEW.progress IS DISTINCT FROM OLD.progress AND NEW.progress IS NOT NULL THEN
    INSERT INTO event (team_id, run_id, body) VALUES (NEW.team_id, NEW.id, jsonb_strip_nulls(jsonb_build_object(
      'type', 'run.progress', 'runId', NEW.id, 'experimentId', NEW.experiment_id,
      'attempt', NEW.attempt, 'progress', NEW.progress)));
  ELSIF NEW.cancel_requested_at IS NOT DISTINCT FROM OLD.cancel_requested_at THEN
    RETURN NULL;
  END IF;
  PERFORM pg_notify('espalier_run', NEW.team_id || ' ' || NEW.id);
  RETURN NULL;
END $$;

-- Of one (run, name, step) every attempt may have a value. The newest counts; what an earlier one measured past the
-- checkpoint from which a later one went on is discarded, and can still be read.
ALTER TABLE "metric" DROP CONSTRAINT "metric_pkey";
ALTER TABLE "metric" ADD PRIMARY KEY ("run_id", "name", "step", "attempt");

-- Submissions that repeat. next_at is the one time that is due next; null: never, or paused.
CREATE TABLE "schedule" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "cron" TEXT NOT NULL,
  "timezone" TEXT NOT NULL,
  "submission" JSONB NOT NULL,
  "enabled" BOOLEAN NOT NULL DEFAULT true,
  "next_at" TIMESTAMPTZ(6),
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  CHECK ("enabled" OR "next_at" IS NULL)
);
CREATE UNIQUE INDEX "schedule_team_id_name_idx" ON "schedule" ("team_id", "name");
CREATE INDEX "schedule_next_at_idx" ON "schedule" ("next_at") WHERE "next_at" IS NOT NULL;

-- Written in the transaction that submits and moves next_at: a due time fires once, or has not fired.
CREATE TABLE "schedule_firing" (
  "schedule_id" TEXT NOT NULL REFERENCES "schedule" ("id") ON DELETE CASCADE,
  "due_at" TIMESTAMPTZ(6) NOT NULL,
  "fired_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "experiment_id" TEXT REFERENCES "experiment" ("id") ON DELETE SET NULL,
  "run_id" TEXT REFERENCES "run" ("id") ON DELETE SET NULL,
  -- Why nothing was submitted.
  "problem" JSONB,
  PRIMARY KEY ("schedule_id", "due_at")
);
