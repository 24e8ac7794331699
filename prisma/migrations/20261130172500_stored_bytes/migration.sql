-- What a team may store, and from which role on its keys may submit urgent runs.
ALTER TABLE "team" ADD COLUMN "quota_bytes" BIGINT CHECK ("quota_bytes" >= 0);
ALTER TABLE "team" ADD COLUMN "urgent_from" TEXT NOT NULL DEFAULT 'member'
  CHECK ("urgent_from" IN ('member', 'maintainer', 'admin', 'nobody'));

-- The bytes of each team's artifacts, as what was added and what was taken away: the sum counts. One row for each team would let
-- all that stores something wait for one another. The janitor makes one row of many.
CREATE TABLE "stored_bytes" (
  "id" BIGSERIAL PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE ON UPDATE NO ACTION,
  "bytes" BIGINT NOT NULL
);
CREATE INDEX "stored_bytes_team_id_idx" ON "stored_bytes" ("team_id");

-- Nothing is stored between the count and the trigger that counts on, which the same transaction makes.
LOCK TABLE "artifact" IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO "stored_bytes" ("team_id", "bytes") SELECT "team_id", sum("bytes") FROM "artifact" GROUP BY "team_id";
-- For what a team has that is largest.
CREATE INDEX "artifact_team_id_bytes_idx" ON "artifact" ("team_id", "bytes");
-- For the files of uploads that are not a model yet.
CREATE INDEX "upload_team_id_idx" ON "upload" ("team_id");
