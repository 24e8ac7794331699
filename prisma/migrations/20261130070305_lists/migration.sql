-- Lists of runs by kind and state, each combination from its newest run on.
CREATE INDEX "run_team_id_kind_state_id_idx" ON "run" ("team_id", "kind", "state", "id");
-- How many runs of a team, and of its users, have not started. Counting them reads this index alone.
CREATE INDEX "run_pending_idx" ON "run" ("team_id", "state", "user_id") WHERE "state" IN ('WAITING', 'QUEUED');
