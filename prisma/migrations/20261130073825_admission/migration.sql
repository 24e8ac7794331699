-- How many runs of a team may be WAITING or QUEUED before submissions are refused; null: what the service has as its default.
ALTER TABLE "team" ADD COLUMN "quota_pending_runs" INTEGER CHECK ("quota_pending_runs" >= 0);
