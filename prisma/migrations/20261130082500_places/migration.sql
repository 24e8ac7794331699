-- The token of the pool's data folder, which a file in the folder repeats. An API writes that file once, and then sets `claimed_at`.
CREATE TABLE "data_folder" (
  "only" BOOLEAN PRIMARY KEY DEFAULT true CHECK ("only"),
  "token" TEXT NOT NULL DEFAULT gen_random_uuid()::text,
  "claimed_at" TIMESTAMPTZ(6)
);
INSERT INTO "data_folder" DEFAULT VALUES;

-- Seconds by which the clock of the worker's host is ahead of the database's; null where it has not been compared.
ALTER TABLE "worker_pulse" ADD COLUMN "clock_offset" DOUBLE PRECISION;
