-- What failed on a device since the last run that succeeded there, and may be the fault of the device or its host.
CREATE TABLE "device_failure" (
  "worker_name" TEXT NOT NULL,
  "device" TEXT NOT NULL,
  "run_id" TEXT NOT NULL REFERENCES "run" ("id") ON DELETE CASCADE,
  "attempt" INTEGER NOT NULL,
  -- Failures of one incident count once: all that a worker's process had when it died.
  "incident" TEXT NOT NULL,
  "detail" TEXT NOT NULL,
  -- A run has succeeded on another device of the worker since, so that it says nothing about the worker.
  "isolated" BOOLEAN NOT NULL DEFAULT false,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY ("worker_name", "device", "run_id", "attempt")
);
CREATE INDEX "device_failure_run_id_idx" ON "device_failure" ("run_id");

-- A device was found to be at fault, so that the attempt does not count against its run. Attempts of earlier versions count as they did.
ALTER TABLE "attempt" ADD COLUMN "excused" BOOLEAN NOT NULL DEFAULT false;
-- Ids of the devices and workers where the run has failed, which it avoids until then while others could take it.
ALTER TABLE "run" ADD COLUMN "avoid" TEXT[] NOT NULL DEFAULT '{}', ADD COLUMN "avoid_until" TIMESTAMPTZ(6);
