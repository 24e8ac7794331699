-- Of the datasets and of the models of a team, at most one has a name; the others of that name were replaced. Until now the newest one was
-- meant, so that it keeps the name. Both tables are small: they are locked for milliseconds.
ALTER TABLE "dataset" ADD COLUMN "replaced_at" TIMESTAMPTZ(6);
UPDATE "dataset" d SET "replaced_at" = now() WHERE EXISTS (
  SELECT FROM "dataset" n WHERE n."team_id" = d."team_id" AND n."name" = d."name" AND n."id" > d."id");
CREATE UNIQUE INDEX "dataset_name_key" ON "dataset" ("team_id", "name") WHERE "replaced_at" IS NULL;

ALTER TABLE "model" ADD COLUMN "replaced_at" TIMESTAMPTZ(6);
UPDATE "model" m SET "replaced_at" = now() WHERE EXISTS (
  SELECT FROM "model" n WHERE n."team_id" = m."team_id" AND n."name" = m."name" AND n."id" > m."id");
CREATE UNIQUE INDEX "model_name_key" ON "model" ("team_id", "name") WHERE "replaced_at" IS NULL;
