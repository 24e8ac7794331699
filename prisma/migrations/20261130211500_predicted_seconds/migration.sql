-- What a run would take on a nominal host: with the pace of runs that have ended it tells how long it is likely to take. Runs of older
-- releases have none. A column without a default needs no rewrite: the table is locked for a moment.
ALTER TABLE "run" ADD COLUMN "predicted_seconds" DOUBLE PRECISION CHECK ("predicted_seconds" > 0);
