-- Who may drain workers and cordon devices. Keys of teams are members.
ALTER TABLE "api_key" ADD COLUMN "role" TEXT NOT NULL DEFAULT 'member' CHECK ("role" IN ('member', 'operator'));

-- What workers and this schema say to one another. A worker that speaks another protocol is refused when it registers.
CREATE TABLE "worker_protocol" (
  "only" BOOLEAN PRIMARY KEY DEFAULT true CHECK ("only"),
  "oldest" INTEGER NOT NULL,
  "newest" INTEGER NOT NULL,
  CHECK ("oldest" <= "newest")
);
INSERT INTO "worker_protocol" ("oldest", "newest") VALUES (1, 1);

ALTER TABLE "worker"
  ADD COLUMN "labels" JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN "protocol" INTEGER NOT NULL DEFAULT 1,
  -- Identity of the process on its host, opaque here: tells a restart from a second worker of the same name.
  ADD COLUMN "process" TEXT;
-- A name belongs to one living worker. Those that live say so within seconds.
UPDATE "worker" SET "state" = 'LOST' WHERE "state" = 'ACTIVE';
CREATE UNIQUE INDEX "worker_name_active_idx" ON "worker" ("name") WHERE "state" = 'ACTIVE';

-- What changes with every heartbeat: one narrow row a worker, rewritten in place (HOT: no index but the key, and room in
-- the page). Arrays are in the order of the devices' positions; null is what was not measured.
CREATE TABLE "worker_pulse" (
  "worker_id" TEXT PRIMARY KEY REFERENCES "worker" ("id") ON DELETE CASCADE,
  "seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "free_bytes" BIGINT[] NOT NULL DEFAULT '{}',
  -- Percent of the last interval.
  "utilization" INTEGER[] NOT NULL DEFAULT '{}',
  -- Degrees Celsius.
  "temperature" INTEGER[] NOT NULL DEFAULT '{}',
  -- What the worker is told: its drain and its holds, as worker_orders has them. Null: nothing.
  "orders" JSONB
) WITH (fillfactor = 25);
INSERT INTO "worker_pulse" ("worker_id", "seen_at") SELECT "id", "last_seen_at" FROM "worker";
ALTER TABLE "worker" DROP COLUMN "last_seen_at";

ALTER TABLE "device"
  -- How its host numbers it now, and what it is called across restarts.
  ADD COLUMN "address" TEXT,
  ADD COLUMN "identity" TEXT,
  ADD COLUMN "software" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "driver" TEXT,
  ADD CHECK ("memory_bytes" BETWEEN 0 AND 1125899906842624);
UPDATE "device" SET "address" = "kind" || CASE WHEN "kind" = 'cpu' THEN '' ELSE ':' || "position" END;
UPDATE "device" SET "identity" = "address";
ALTER TABLE "device" ALTER COLUMN "address" SET NOT NULL, ALTER COLUMN "identity" SET NOT NULL;
DROP INDEX "device_worker_id_idx";
CREATE UNIQUE INDEX "device_worker_id_position_idx" ON "device" ("worker_id", "position");
CREATE UNIQUE INDEX "device_worker_id_identity_idx" ON "device" ("worker_id", "identity");

-- By name, so that it survives the worker's restarts.
CREATE TABLE "worker_drain" (
  "worker_name" TEXT PRIMARY KEY,
  -- Runs are to be saved and given back, not finished.
  "at_once" BOOLEAN NOT NULL,
  "reason" TEXT,
  "actor" TEXT NOT NULL,
  "since" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "done_at" TIMESTAMPTZ(6)
);

-- Why a device takes no new run, by the worker's name and the device's identity. A hold that was cleared remains where it
-- counts errors: as many are known and accepted.
CREATE TABLE "device_hold" (
  "worker_name" TEXT NOT NULL,
  "device" TEXT NOT NULL,
  "cause" TEXT NOT NULL,
  "reason" TEXT,
  "actor" TEXT NOT NULL,
  "since" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "count" BIGINT,
  "cleared_at" TIMESTAMPTZ(6),
  PRIMARY KEY ("worker_name", "device", "cause")
);

CREATE FUNCTION "worker_orders"("worker" TEXT) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT nullif(jsonb_strip_nulls(jsonb_build_object(
    'drain', (SELECT jsonb_build_object('now', r.at_once, 'done', r.done_at IS NOT NULL)
      FROM worker_drain r WHERE r.worker_name = w.name),
    'holds', (SELECT jsonb_agg(jsonb_build_object('deviceId', d.id, 'cause', h.cause,
        'accepted', CASE WHEN h.cleared_at IS NOT NULL THEN h.count END))
      FROM device_hold h JOIN device d ON d.worker_id = w.id AND d.identity = h.device
      WHERE h.worker_name = w.name))), '{}')
  FROM worker w WHERE w.id = "worker"
$$;

-- A copy, so that a heartbeat reads one row; whoever changes the original changes it.
CREATE FUNCTION "orders_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE worker_pulse p SET orders = worker_orders(p.worker_id) FROM worker w
  WHERE w.id = p.worker_id AND w.state <> 'STOPPED' AND w.name = coalesce(NEW.worker_name, OLD.worker_name);
  RETURN NULL;
END $$;
CREATE TRIGGER "orders_changed" AFTER INSERT OR UPDATE OR DELETE ON "worker_drain"
  FOR EACH ROW EXECUTE FUNCTION "orders_changed"();
CREATE TRIGGER "orders_changed" AFTER INSERT OR UPDATE OR DELETE ON "device_hold"
  FOR EACH ROW EXECUTE FUNCTION "orders_changed"();

-- What happened to workers and devices, by whom and why.
CREATE TABLE "worker_event" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
  "worker_name" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  -- Address of the device that it is about.
  "device" TEXT,
  "cause" TEXT,
  "reason" TEXT,
  "actor" TEXT NOT NULL
);
CREATE INDEX "worker_event_worker_name_id_idx" ON "worker_event" ("worker_name", "id");
CREATE INDEX "worker_event_at_idx" ON "worker_event" ("at");

-- Devices that may take a run, if they are idle: what a claim, the dispatcher and a person mean by it.
CREATE VIEW "claimable_device" AS
  SELECT d."id", d."worker_id", d."kind", d."position", d."memory_bytes"
  FROM "device" d JOIN "worker" w ON w."id" = d."worker_id"
  WHERE w."state" = 'ACTIVE'
    AND NOT EXISTS (SELECT FROM "worker_drain" r WHERE r."worker_name" = w."name")
    AND NOT EXISTS (
      SELECT FROM "device_hold" h
      WHERE h."worker_name" = w."name" AND h."device" = d."identity" AND h."cleared_at" IS NULL);

-- A worker that is to save a run and give it back.
ALTER TABLE "run" ADD COLUMN "preempt_requested_at" TIMESTAMPTZ(6);
-- The runs of a worker, for its heartbeats.
CREATE INDEX "run_lease_owner_idx" ON "run" ("lease_owner") WHERE "state" = 'RUNNING';
-- Renewing a lease rewrites the row; with room in its page that touches no index.
ALTER TABLE "run" SET (fillfactor = 70);

-- The function is called for the changes that it tells of, and not for each renewal of a lease.
DROP TRIGGER "run_changed" ON "run";
CREATE TRIGGER "run_inserted" AFTER INSERT ON "run" FOR EACH ROW EXECUTE FUNCTION "run_changed"();
CREATE TRIGGER "run_changed" AFTER UPDATE OF "state", "progress", "cancel_requested_at" ON "run"
  FOR EACH ROW WHEN (
    NEW."state" <> OLD."state"
    OR NEW."progress" IS DISTINCT FROM OLD."progress"
    OR NEW."cancel_requested_at" IS DISTINCT FROM OLD."cancel_requested_at")
  EXECUTE FUNCTION "run_changed"();
