-- Filters and columns of a page under a name: a user's own, or shared with the team.
CREATE TABLE "saved_view" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE ON UPDATE NO ACTION,
  -- The name of the user.
  "owner" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "page" TEXT NOT NULL,
  "query" TEXT NOT NULL,
  "shared" BOOLEAN NOT NULL DEFAULT false,
  "created_by" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "changed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX "saved_view_team_id_owner_page_name_key" ON "saved_view" ("team_id", "owner", "page", "name");

-- Lines of a dataset's file that were left out.
ALTER TABLE "dataset" ADD COLUMN "errors" JSONB;

-- All devices of an attempt, as it may have several; of older attempts only the first is known. Columns without defaults need no
-- rewrite. The index keeps writers of attempts waiting for as long as it takes to sort them: a second for a million.
ALTER TABLE "attempt" ADD COLUMN "device_ids" TEXT[] NOT NULL DEFAULT '{}';
CREATE INDEX "attempt_worker_id_started_at_idx" ON "attempt" ("worker_id", "started_at");
