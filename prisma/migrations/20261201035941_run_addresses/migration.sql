-- By what a run of an experiment is known again: a checksum of its settings and of the contents of its inputs; and the run whose result it
-- has taken over instead of computing it. That one may be deleted meanwhile, so it is no foreign key. The index is built in about a second
-- for a million runs, during which none is submitted.
ALTER TABLE "run" ADD COLUMN "address" TEXT, ADD COLUMN "reused_from" TEXT;
CREATE INDEX "run_team_id_address_idx" ON "run" ("team_id", "address");
