-- A run that somebody holds does not start until somebody releases it; it keeps its `queued_at`, and with it its place.
ALTER TABLE "run" ADD COLUMN "held_at" TIMESTAMPTZ(6), ADD COLUMN "held_by" TEXT;
