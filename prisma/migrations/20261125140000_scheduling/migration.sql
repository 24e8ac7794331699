-- What the dispatcher plans with. Usage is device seconds that count half after usage_half_life(); units are devices, or the
-- part of one's memory that a run reserves.

CREATE FUNCTION "usage_half_life"() RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE AS $$ SELECT 604800::float8 $$;

-- Start of the calendar period, in UTC, that holds an instant.
CREATE FUNCTION "period_start"("period" TEXT, "at" TIMESTAMPTZ) RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS
  $$ SELECT date_trunc("period", "at" AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' $$;

-- Limits that are null are none.
ALTER TABLE "team"
  ADD COLUMN "weight" DOUBLE PRECISION NOT NULL DEFAULT 1 CHECK ("weight" > 0),
  ADD COLUMN "quota_devices" DOUBLE PRECISION CHECK ("quota_devices" >= 0),
  ADD COLUMN "quota_borrowing" DOUBLE PRECISION CHECK ("quota_borrowing" >= 0),
  ADD COLUMN "quota_queued_runs" INTEGER CHECK ("quota_queued_runs" >= 0),
  ADD COLUMN "quota_hours" DOUBLE PRECISION CHECK ("quota_hours" >= 0),
  ADD COLUMN "quota_period" TEXT NOT NULL DEFAULT 'month' CHECK ("quota_period" IN ('day', 'week', 'month')),
  -- Usage as it had decayed at `used_at`, of attempts that have ended.
  ADD COLUMN "used_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
  ADD COLUMN "used_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  -- Device hours of the period that began at `spent_from`, of attempts that have ended.
  ADD COLUMN "spent_hours" DOUBLE PRECISION NOT NULL DEFAULT 0,
  ADD COLUMN "spent_from" TIMESTAMPTZ(6) NOT NULL DEFAULT 'epoch';

-- Whose keys submit runs. Every team has one called `default`.
CREATE TABLE "team_user" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "weight" DOUBLE PRECISION NOT NULL DEFAULT 1 CHECK ("weight" > 0),
  "quota_devices" DOUBLE PRECISION CHECK ("quota_devices" >= 0),
  "quota_hours" DOUBLE PRECISION CHECK ("quota_hours" >= 0),
  "quota_period" TEXT NOT NULL DEFAULT 'month' CHECK ("quota_period" IN ('day', 'week', 'month')),
  "used_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
  "used_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "spent_hours" DOUBLE PRECISION NOT NULL DEFAULT 0,
  "spent_from" TIMESTAMPTZ(6) NOT NULL DEFAULT 'epoch',
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX "team_user_team_id_name_idx" ON "team_user" ("team_id", "name");
INSERT INTO "team_user" ("id", "team_id", "name")
  SELECT 'usr_' || substr("id", 6), "id", 'default' FROM "team";

ALTER TABLE "api_key" ADD COLUMN "user_id" TEXT REFERENCES "team_user" ("id") ON DELETE CASCADE;
UPDATE "api_key" k SET "user_id" = u."id" FROM "team_user" u WHERE u."team_id" = k."team_id";

UPDATE "run" SET "state" = 'QUEUED', "reason" = 'The service was updated.' WHERE "state" = 'DISPATCHED';
ALTER TABLE "run"
  ADD COLUMN "user_id" TEXT REFERENCES "team_user" ("id") ON DELETE SET NULL,
  ADD COLUMN "class" TEXT NOT NULL DEFAULT 'normal' CHECK ("class" IN ('urgent', 'normal', 'idle')),
  -- As they were asked for.
  ADD COLUMN "needs" JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN "shares" BOOLEAN NOT NULL DEFAULT false,
  -- Peak of memory on each device that the settings let expect; null: unknown.
  ADD COLUMN "predicted_bytes" BIGINT CHECK ("predicted_bytes" > 0),
  -- The imported model that it comes from in the end; with the kind the key of its history.
  ADD COLUMN "model_id" TEXT,
  -- The worker that has been told to start it, and when it was told last.
  ADD COLUMN "dispatch_worker" TEXT REFERENCES "worker" ("id"),
  ADD COLUMN "delivered_at" TIMESTAMPTZ(6),
  -- As its start said.
  ADD COLUMN "borrowing" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "aged" BOOLEAN NOT NULL DEFAULT false,
  -- It is to have left by then, for which run, and why.
  ADD COLUMN "preempt_until" TIMESTAMPTZ(6),
  ADD COLUMN "preempt_for" TEXT,
  ADD COLUMN "preempt_reason" TEXT CHECK ("preempt_reason" IN ('higher-class', 'reclaim', 'request'));
UPDATE "run" r SET "user_id" = u."id" FROM "team_user" u WHERE u."team_id" = r."team_id";

-- The devices that a DISPATCHED or RUNNING run holds.
CREATE TABLE "run_device" (
  "run_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  "device_id" TEXT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  -- Null: the whole device, whose memory is not known to suffice.
  "reserved_bytes" BIGINT,
  "units" DOUBLE PRECISION NOT NULL,
  PRIMARY KEY ("run_id", "device_id")
);
CREATE INDEX "run_device_device_id_idx" ON "run_device" ("device_id");
INSERT INTO "run_device" ("run_id", "device_id", "units")
  SELECT r."id", r."lease_device", 1 FROM "run" r JOIN "device" d ON d."id" = r."lease_device" WHERE r."state" = 'RUNNING';
ALTER TABLE "run" DROP COLUMN "lease_device", DROP COLUMN "device_class";
UPDATE "worker_protocol" SET "oldest" = 2, "newest" = 2;

ALTER TABLE "device"
  -- A run has left it: what was measured before counts that run's memory.
  ADD COLUMN "released_at" TIMESTAMPTZ(6),
  -- Its worker could not take a run; it is left alone for a moment.
  ADD COLUMN "declined_until" TIMESTAMPTZ(6);

ALTER TABLE "attempt"
  ADD COLUMN "checkpoint_at" TIMESTAMPTZ(6),
  -- Of one that had to make room: why, for which run, and the steps that were not saved.
  ADD COLUMN "preempt_reason" TEXT,
  ADD COLUMN "preempt_for" TEXT,
  ADD COLUMN "lost_steps" INTEGER,
  DROP CONSTRAINT "attempt_state_check",
  ADD CONSTRAINT "attempt_state_check" CHECK ("state" IN
    ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'LOST', 'RETURNED', 'PREEMPTED')),
  ADD CONSTRAINT "attempt_preempted_check" CHECK ("state" <> 'PREEMPTED' OR "preempt_reason" IS NOT NULL);

-- What runs of one key have measured: the last hundred that succeeded, and their percentiles.
CREATE TABLE "run_history" (
  "key" TEXT PRIMARY KEY,
  -- Milliseconds.
  "durations" DOUBLE PRECISION[] NOT NULL,
  -- Measured peak of memory over the predicted one.
  "memory_ratios" DOUBLE PRECISION[] NOT NULL,
  "earliest" DOUBLE PRECISION NOT NULL,
  "likely" DOUBLE PRECISION NOT NULL,
  "latest" DOUBLE PRECISION NOT NULL,
  "memory_ratio" DOUBLE PRECISION
);

CREATE FUNCTION "learn"("history_key" TEXT, "duration" DOUBLE PRECISION, "ratio" DOUBLE PRECISION) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO run_history AS h (key, durations, memory_ratios, earliest, likely, latest)
  VALUES (history_key, ARRAY[duration], array_remove(ARRAY[ratio], NULL), duration, duration, duration)
  ON CONFLICT (key) DO UPDATE SET
    durations = (h.durations || excluded.durations)[greatest(1, cardinality(h.durations) - 98):],
    memory_ratios = (h.memory_ratios || excluded.memory_ratios)[greatest(1, cardinality(h.memory_ratios) - 98):];
  UPDATE run_history h SET
    (earliest, likely, latest) = (
      SELECT percentile_cont(0.1) WITHIN GROUP (ORDER BY d), percentile_cont(0.5) WITHIN GROUP (ORDER BY d),
        percentile_cont(0.9) WITHIN GROUP (ORDER BY d) FROM unnest(h.durations) d),
    memory_ratio = (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY m) FROM unnest(h.memory_ratios) m)
  WHERE h.key = history_key;
END $$;

-- Adds an attempt's use of devices to what its team and its user have had.
CREATE FUNCTION "account_for"("run" "run", "units" DOUBLE PRECISION, "began" TIMESTAMPTZ) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  half_life CONSTANT DOUBLE PRECISION := usage_half_life();
  seconds CONSTANT DOUBLE PRECISION := greatest(0, extract(epoch FROM now() - began));
  charge CONSTANT DOUBLE PRECISION := CASE run.class WHEN 'urgent' THEN 2 WHEN 'normal' THEN 1 ELSE 0.5 END;
  -- Held at a constant rate, decaying since: the integral of 2^(-t/h).
  gained CONSTANT DOUBLE PRECISION := units * charge * half_life / ln(2) * (1 - 2 ^ (-seconds / half_life));
BEGIN
  UPDATE team t SET
    used_seconds = used_seconds * 2 ^ (-greatest(0, extract(epoch FROM now() - used_at)) / half_life) + gained,
    used_at = greatest(used_at, now()),
    spent_hours = CASE WHEN spent_from = period_start(quota_period, now()) THEN spent_hours ELSE 0 END
      + units * extract(epoch FROM now() - greatest(began, period_start(quota_period, now()))) / 3600,
    spent_from = period_start(quota_period, now())
  WHERE t.id = run.team_id;
  UPDATE team_user u SET
    used_seconds = used_seconds * 2 ^ (-greatest(0, extract(epoch FROM now() - used_at)) / half_life) + gained,
    used_at = greatest(used_at, now()),
    spent_hours = CASE WHEN spent_from = period_start(quota_period, now()) THEN spent_hours ELSE 0 END
      + units * extract(epoch FROM now() - greatest(began, period_start(quota_period, now()))) / 3600,
    spent_from = period_start(quota_period, now())
  WHERE u.id = run.user_id;
END $$;

-- Whoever ends a run's hold on its devices: they are free, what it used is its team's, and what it took is remembered.
CREATE FUNCTION "run_released"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  held DOUBLE PRECISION;
  began TIMESTAMPTZ;
  took DOUBLE PRECISION;
  ratio DOUBLE PRECISION;
BEGIN
  SELECT sum(units) INTO held FROM run_device WHERE run_id = NEW.id;
  IF OLD.state = 'RUNNING' THEN
    SELECT started_at INTO began FROM attempt WHERE run_id = NEW.id AND number = OLD.attempt;
    IF held IS NOT NULL AND began IS NOT NULL THEN PERFORM account_for(NEW, held, began); END IF;
    UPDATE device SET released_at = now() WHERE id IN (SELECT device_id FROM run_device WHERE run_id = NEW.id);
  END IF;
  DELETE FROM run_device WHERE run_id = NEW.id;
  IF NEW.state = 'SUCCEEDED' THEN
    SELECT sum(extract(epoch FROM coalesce(ended_at, now()) - started_at)) * 1000 INTO took FROM attempt
    WHERE run_id = NEW.id AND state IN ('RUNNING', 'SUCCEEDED', 'RETURNED', 'PREEMPTED');
    SELECT value / NEW.predicted_bytes INTO ratio FROM metric
    WHERE run_id = NEW.id AND name = 'peak_memory_bytes' ORDER BY attempt DESC, step DESC LIMIT 1;
    IF NEW.model_id IS NOT NULL THEN PERFORM learn(NEW.kind || '/' || NEW.model_id, took, ratio); END IF;
    PERFORM learn(NEW.kind, took, ratio);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "run_released" AFTER UPDATE OF "state" ON "run" FOR EACH ROW
  WHEN (OLD."state" IN ('DISPATCHED', 'RUNNING') AND NEW."state" NOT IN ('DISPATCHED', 'RUNNING'))
  EXECUTE FUNCTION "run_released"();

-- Why a queued run waits, as the last plan says; what names runs names none of another team.
CREATE TABLE "run_waiting" (
  "run_id" TEXT PRIMARY KEY REFERENCES "run" ("id") ON DELETE CASCADE,
  "reason" JSONB NOT NULL,
  "position" INTEGER,
  "unblocked_by" JSONB NOT NULL,
  "expected_start" JSONB,
  -- Since when the reason has this code.
  "since" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "run_waiting_position_idx" ON "run_waiting" ("position", "run_id");

CREATE FUNCTION "run_waits_no_more"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM run_waiting WHERE run_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER "run_waits_no_more" AFTER UPDATE OF "state" ON "run" FOR EACH ROW
  WHEN (OLD."state" = 'QUEUED' AND NEW."state" <> 'QUEUED') EXECUTE FUNCTION "run_waits_no_more"();

-- A reason with another code is an event.
CREATE FUNCTION "run_waiting_events"("ids" TEXT[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO event (team_id, run_id, body)
  SELECT r.team_id, r.id, jsonb_strip_nulls(jsonb_build_object('type', 'run.waiting', 'runId', r.id,
    'experimentId', r.experiment_id, 'reason', w.reason, 'position', w.position))
  FROM run_waiting w JOIN run r ON r.id = w.run_id WHERE w.run_id = ANY(ids);
  SELECT pg_notify('espalier_run', r.team_id || ' ' || r.id || ' waiting') FROM run r WHERE r.id = ANY(ids);
$$;
CREATE FUNCTION "run_waiting_inserted"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM run_waiting_events(array_agg(run_id)) FROM fresh HAVING count(*) > 0;
  RETURN NULL;
END $$;
CREATE TRIGGER "run_waiting_inserted" AFTER INSERT ON "run_waiting" REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION "run_waiting_inserted"();
CREATE FUNCTION "run_waiting_updated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM run_waiting_events(array_agg(n.run_id)) FROM fresh n JOIN stale o USING (run_id)
  WHERE n.reason ->> 'code' <> o.reason ->> 'code' HAVING count(*) > 0;
  RETURN NULL;
END $$;
CREATE TRIGGER "run_waiting_updated" AFTER UPDATE ON "run_waiting" REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
  FOR EACH STATEMENT EXECUTE FUNCTION "run_waiting_updated"();

-- The last plan. Each pass raises the number, so that two leaders cannot give the same devices away.
CREATE TABLE "dispatch_plan" (
  "only" BOOLEAN PRIMARY KEY DEFAULT true CHECK ("only"),
  "number" BIGINT NOT NULL DEFAULT 0,
  "reservations" JSONB NOT NULL DEFAULT '[]'
);
INSERT INTO "dispatch_plan" DEFAULT VALUES;

-- The hint says what changed, so that the dispatcher looks only when it may have something to do.
CREATE OR REPLACE FUNCTION "run_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  what TEXT := 'state';
BEGIN
  IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
    INSERT INTO event (team_id, run_id, body) VALUES (NEW.team_id, NEW.id, jsonb_strip_nulls(jsonb_build_object(
      'type', 'run.state', 'runId', NEW.id, 'experimentId', NEW.experiment_id,
      'state', NEW.state, 'attempt', NEW.attempt, 'reason', NEW.reason, 
      'failure', CASE WHEN NEW.state <> 'DISPATCHED' THEN NEW.failure END)));
  ELSIF NEW.progress IS DISTINCT FROM OLD.progress AND NEW.progress IS NOT NULL THEN
    what := 'progress';
    INSERT INTO event (team_id, run_id, body) VALUES (NEW.team_id, NEW.id, jsonb_strip_nulls(jsonb_build_object(
      'type', 'run.progress', 'runId', NEW.id, 'experimentId', NEW.experiment_id,
      'attempt', NEW.attempt, 'progress', NEW.progress)));
  ELSIF NEW.cancel_requested_at IS NOT DISTINCT FROM OLD.cancel_requested_at THEN
    RETURN NULL;
  ELSE
    what := 'cancel';
  END IF;
  PERFORM pg_notify('espalier_run', NEW.team_id || ' ' || NEW.id || ' ' || what);
  RETURN NULL;
END $$;
