-- Seconds that the attempts of a run may compute together, since it was submitted or retried. Null: no limit.
ALTER TABLE "run" ADD COLUMN "wall_seconds" INTEGER;

-- One more reason to leave. Rows that are there keep the narrower rule that they were written under, so nothing is checked again.
ALTER TABLE "run" DROP CONSTRAINT "run_preempt_reason_check";
ALTER TABLE "run" ADD CONSTRAINT "run_preempt_reason_check"
  CHECK ("preempt_reason" IN ('higher-class', 'reclaim', 'request', 'wall-time')) NOT VALID;
