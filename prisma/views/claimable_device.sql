-- Devices that may take a run, if they are idle: what a claim, the dispatcher and a person mean by it. Those of a worker that
-- was there before a migration gave up its protocol may not: it would not understand the run.
CREATE VIEW "claimable_device" AS
  SELECT d."id", d."worker_id", d."kind", d."position", d."memory_bytes"
  FROM "device" d JOIN "worker" w ON w."id" = d."worker_id"
  WHERE w."state" = 'ACTIVE'
    AND w."protocol" >= (SELECT p."oldest" FROM "worker_protocol" p)
    AND NOT EXISTS (SELECT FROM "worker_drain" r WHERE r."worker_name" = w."name")
    AND NOT EXISTS (
      SELECT FROM "device_hold" h
      WHERE h."worker_name" = w."name" AND h."device" = d."identity" AND h."cleared_at" IS NULL);
