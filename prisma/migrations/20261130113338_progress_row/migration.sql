-- What the current attempt of a run has reported last, in a narrow row of its own: a heartbeat brings it every few seconds, and
-- would otherwise write the wide row of the run, which others lock. The claim makes the row. "run"."progress" stays for what
-- workers of older releases write. The lock of the foreign key lasts for as long as it takes to read the runs that are at work.
CREATE TABLE "run_progress" (
  "run_id" TEXT NOT NULL,
  "attempt" INTEGER NOT NULL,
  "progress" JSONB,
  CONSTRAINT "run_progress_pkey" PRIMARY KEY ("run_id"),
  CONSTRAINT "run_progress_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run" ("id") ON DELETE CASCADE ON UPDATE NO ACTION
) WITH (fillfactor = 50);
INSERT INTO "run_progress" ("run_id", "attempt") SELECT "id", "attempt" FROM "run" WHERE "state" = 'RUNNING';
