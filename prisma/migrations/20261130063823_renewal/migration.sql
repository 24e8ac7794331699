-- A heartbeat renews leases by naming the attempts in the worker's own narrow row, so that it waits for no lock on a run. Workers
-- of protocol 2 renew "run"."lease_until", and are still believed. Workers of protocol 3 need an API that knows the list:
-- bring the APIs up to date before the workers. Both tables have a few rows; the change needs no time.
ALTER TABLE "worker_pulse" ADD COLUMN "held" TEXT[] NOT NULL DEFAULT '{}';
UPDATE "worker_protocol" SET "newest" = 3;
