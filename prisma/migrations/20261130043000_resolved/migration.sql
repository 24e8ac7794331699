-- The spec with the defaults under which a run was submitted, so that an upgrade never changes what a queued run means. Null:
-- the run was submitted by a version that resolved defaults when a worker claimed it; it goes on as it would have then.
ALTER TABLE "run" ADD COLUMN "resolved" JSONB;
