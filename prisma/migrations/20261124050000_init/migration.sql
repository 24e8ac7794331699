-- Times are timestamptz on the database's clock. Ids are made by the service and sort by time.

CREATE TABLE "team" (
  "id" TEXT PRIMARY KEY,
  "name" TEXT NOT NULL UNIQUE,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);

CREATE TABLE "api_key" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  -- SHA-256 of the whole key; its secret part has 256 random bits, so a slow hash would add nothing.
  "hash" BYTEA NOT NULL,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "last_used_at" TIMESTAMPTZ(6),
  "revoked_at" TIMESTAMPTZ(6)
);
CREATE INDEX "api_key_team_id_idx" ON "api_key" ("team_id");

CREATE TABLE "idempotency" (
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "key" TEXT NOT NULL,
  "request_hash" TEXT NOT NULL,
  -- Null only inside the transaction that is making the response.
  "status" INTEGER,
  "body" JSONB,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  PRIMARY KEY ("team_id", "key")
);
CREATE INDEX "idempotency_created_at_idx" ON "idempotency" ("created_at");

CREATE TABLE "worker" (
  "id" TEXT PRIMARY KEY,
  "name" TEXT NOT NULL,
  "host" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'ACTIVE' CHECK ("state" IN ('ACTIVE', 'STOPPED', 'LOST')),
  "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "last_seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);

CREATE TABLE "device" (
  "id" TEXT PRIMARY KEY,
  "worker_id" TEXT NOT NULL REFERENCES "worker" ("id") ON DELETE CASCADE,
  "position" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "memory_bytes" BIGINT NOT NULL
);
CREATE INDEX "device_worker_id_idx" ON "device" ("worker_id");

CREATE TABLE "experiment" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "spec" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "experiment_team_id_id_idx" ON "experiment" ("team_id", "id");

CREATE TABLE "run" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "kind" TEXT NOT NULL,
  "state" TEXT NOT NULL CHECK ("state" IN
    ('WAITING', 'QUEUED', 'DISPATCHED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'SKIPPED')),
  "spec" JSONB NOT NULL,
  "priority" INTEGER NOT NULL DEFAULT 0,
  "experiment_id" TEXT REFERENCES "experiment" ("id") ON DELETE CASCADE,
  "variant" TEXT,
  -- Order of submission inside an experiment.
  "position" INTEGER NOT NULL DEFAULT 0,
  -- Number of the last attempt: the fencing token.
  "attempt" INTEGER NOT NULL DEFAULT 0,
  -- Attempts in a row that ended without a result and without a new checkpoint.
  "lost_attempts" INTEGER NOT NULL DEFAULT 0,
  "lease_owner" TEXT REFERENCES "worker" ("id"),
  "lease_device" TEXT,
  "lease_until" TIMESTAMPTZ(6),
  -- Number of the last delivery to a queue.
  "dispatch" INTEGER NOT NULL DEFAULT 0,
  "device_class" TEXT,
  "dispatched_at" TIMESTAMPTZ(6),
  "cancel_requested_at" TIMESTAMPTZ(6),
  "progress" JSONB,
  "result" JSONB,
  "problem" JSONB,
  -- Why it is in this state, where the state alone does not say; goes into the event.
  "reason" TEXT,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "queued_at" TIMESTAMPTZ(6),
  "started_at" TIMESTAMPTZ(6),
  "ended_at" TIMESTAMPTZ(6),
  CHECK (("state" = 'RUNNING') = ("lease_until" IS NOT NULL)),
  CHECK (("state" = 'SUCCEEDED') = ("result" IS NOT NULL)),
  CHECK (("state" IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'SKIPPED')) = ("ended_at" IS NOT NULL))
);
CREATE INDEX "run_team_id_id_idx" ON "run" ("team_id", "id");
CREATE INDEX "run_experiment_id_position_idx" ON "run" ("experiment_id", "position");
-- What the dispatcher and the reconciler look at; terminal runs, the many, are not in it.
CREATE INDEX "run_live_idx" ON "run" ("state", "priority" DESC, "queued_at")
  WHERE "state" IN ('QUEUED', 'DISPATCHED', 'RUNNING');

CREATE TABLE "run_dependency" (
  "run_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  "depends_on_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  PRIMARY KEY ("run_id", "depends_on_id"),
  CHECK ("run_id" <> "depends_on_id")
);
CREATE INDEX "run_dependency_depends_on_id_idx" ON "run_dependency" ("depends_on_id");

CREATE TABLE "attempt" (
  "run_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  "number" INTEGER NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'RUNNING' CHECK ("state" IN
    ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'LOST', 'RETURNED')),
  "worker_id" TEXT NOT NULL REFERENCES "worker" ("id"),
  "checkpoint_step" INTEGER,
  "checkpoint" JSONB,
  "problem" JSONB,
  "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "ended_at" TIMESTAMPTZ(6),
  PRIMARY KEY ("run_id", "number"),
  CHECK (("state" = 'RUNNING') = ("ended_at" IS NULL)),
  CHECK (("checkpoint_step" IS NULL) = ("checkpoint" IS NULL))
);
CREATE UNIQUE INDEX "attempt_one_running_idx" ON "attempt" ("run_id") WHERE "state" = 'RUNNING';
CREATE UNIQUE INDEX "attempt_one_succeeded_idx" ON "attempt" ("run_id") WHERE "state" = 'SUCCEEDED';

CREATE TABLE "artifact" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "kind" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "bytes" BIGINT NOT NULL,
  "sha256" TEXT NOT NULL CHECK ("sha256" ~ '^[0-9a-f]{64}$'),
  "location" TEXT NOT NULL UNIQUE,
  "run_id" TEXT REFERENCES "run" ("id") ON DELETE SET NULL,
  "attempt" INTEGER,
  "sources" TEXT[] NOT NULL DEFAULT '{}',
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "artifact_run_id_idx" ON "artifact" ("run_id");

CREATE TABLE "upload" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  -- The model that is being made of it; while set, nothing may change the files.
  "model_id" TEXT,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);

CREATE TABLE "upload_file" (
  "upload_id" TEXT NOT NULL REFERENCES "upload" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "bytes" BIGINT NOT NULL,
  "sha256" TEXT NOT NULL,
  "location" TEXT NOT NULL,
  PRIMARY KEY ("upload_id", "name")
);

CREATE TABLE "model" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "state" TEXT NOT NULL CHECK ("state" IN ('IMPORTING', 'READY')),
  "architecture" JSONB NOT NULL,
  "base_model_id" TEXT REFERENCES "model" ("id"),
  "run_id" TEXT REFERENCES "run" ("id") ON DELETE SET NULL,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "model_team_id_id_idx" ON "model" ("team_id", "id");
CREATE INDEX "model_run_id_idx" ON "model" ("run_id");

CREATE TABLE "model_file" (
  "model_id" TEXT NOT NULL REFERENCES "model" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "artifact_id" TEXT NOT NULL REFERENCES "artifact" ("id"),
  PRIMARY KEY ("model_id", "name")
);
CREATE INDEX "model_file_artifact_id_idx" ON "model_file" ("artifact_id");

CREATE TABLE "dataset" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "kind" TEXT NOT NULL CHECK ("kind" IN ('triplets', 'sts')),
  "rows" INTEGER NOT NULL CHECK ("rows" > 0),
  "artifact_id" TEXT NOT NULL REFERENCES "artifact" ("id"),
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE INDEX "dataset_team_id_id_idx" ON "dataset" ("team_id", "id");

CREATE TABLE "metric" (
  "run_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "step" INTEGER NOT NULL,
  -- Null for NaN and infinities.
  "value" DOUBLE PRECISION,
  "attempt" INTEGER NOT NULL,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  PRIMARY KEY ("run_id", "name", "step")
);

CREATE TABLE "log_line" (
  "run_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  "seq" BIGINT GENERATED ALWAYS AS IDENTITY,
  "attempt" INTEGER NOT NULL,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
  "level" TEXT NOT NULL,
  "message" TEXT NOT NULL,
  PRIMARY KEY ("run_id", "seq")
);

-- Read in the order of (xid, seq) and only below the oldest open transaction, so that a reader who has passed a position
-- cannot miss an event that commits later.
CREATE TABLE "event" (
  "xid" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  "seq" BIGINT GENERATED ALWAYS AS IDENTITY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "run_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
  "body" JSONB NOT NULL,
  PRIMARY KEY ("xid", "seq")
);
CREATE INDEX "event_team_id_xid_seq_idx" ON "event" ("team_id", "xid", "seq");
CREATE INDEX "event_run_id_xid_seq_idx" ON "event" ("run_id", "xid", "seq");
CREATE INDEX "event_at_idx" ON "event" ("at");

-- No change of a run's state or progress without its event, whoever makes it. The notification is a hint, sent on commit.
CREATE FUNCTION "run_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
    INSERT INTO event (team_id, run_id, body) VALUES (NEW.team_id, NEW.id, jsonb_strip_nulls(jsonb_build_object(
      'type', 'run.state', 'runId', NEW.id, 'experimentId', NEW.experiment_id,
      'state', NEW.state, 'attempt', NEW.attempt, 'reason', NEW.reason)));
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
CREATE TRIGGER "run_changed" AFTER INSERT OR UPDATE OF "state", "progress", "cancel_requested_at" ON "run"
  FOR EACH ROW EXECUTE FUNCTION "run_changed"();
