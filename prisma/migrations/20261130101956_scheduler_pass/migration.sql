-- The last pass of the scheduler and who made it, so that anybody can see whether it is there.
CREATE TABLE "scheduler_pass" (
  "only" BOOLEAN NOT NULL DEFAULT true,
  "leader" TEXT NOT NULL,
  "leading_since" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "passed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  CONSTRAINT "scheduler_pass_pkey" PRIMARY KEY ("only"),
  CONSTRAINT "scheduler_pass_only" CHECK ("only")
);
