-- Points are narrow rows, and their days are dropped whole. A series is what one attempt measured under one name; its number
-- begins with the day on which it began (days since 1970, times 2^32), so that all its points lie in the partition of that
-- day, however long it lasts, and a point that is sent again finds itself.
CREATE SEQUENCE "metric_series_number" MINVALUE 0 MAXVALUE 4294967295 START 0 CYCLE;
CREATE TABLE "metric_series" (
  "id" BIGINT PRIMARY KEY DEFAULT ((floor(extract(epoch FROM now()) / 86400)::bigint << 32) + nextval('metric_series_number')),
  "run_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "attempt" INTEGER NOT NULL,
  -- Since when only its samples count.
  "sampled_at" TIMESTAMPTZ(6),
  -- Whether metric_point may still hold rows of it.
  "raw" BOOLEAN NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX "metric_series_run_id_name_attempt_key" ON "metric_series" ("run_id", "name", "attempt");
CREATE INDEX "metric_series_unsampled_idx" ON "metric_series" ("id") WHERE "sampled_at" IS NULL;
CREATE INDEX "metric_series_superseded_idx" ON "metric_series" ("sampled_at") WHERE "raw" AND "sampled_at" IS NOT NULL;

-- In the order that wastes no bytes: 52 bytes of a row, 31 of the key. No reference is checked: who deletes a run puts it
-- into discarded_run, and the janitor deletes its rows in portions.
CREATE TABLE "metric_point" (
  "series" BIGINT NOT NULL,
  -- Null for NaN and infinities.
  "value" DOUBLE PRECISION,
  "step" INTEGER NOT NULL,
  -- Hundredths of a second since the beginning of the series' day.
  "after" INTEGER NOT NULL,
  PRIMARY KEY ("series", "step")
) PARTITION BY RANGE ("series");
-- What remains of series that were down-sampled, for ever.
CREATE TABLE "metric_sample" (
  "series" BIGINT NOT NULL,
  "value" DOUBLE PRECISION,
  "step" INTEGER NOT NULL,
  "after" INTEGER NOT NULL,
  PRIMARY KEY ("series", "step")
);
-- Runs whose log lines and points are still to be deleted.
CREATE TABLE "discarded_run" (
  "id" TEXT PRIMARY KEY,
  "since" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);

-- Log lines are written in the order of time, and their weeks are dropped whole. The lines of before are a partition as they
-- are; nothing is copied.
ALTER TABLE "log_line" RENAME TO "log_line_before";
ALTER TABLE "log_line_before"
  DROP CONSTRAINT "log_line_run_id_fkey",
  DROP CONSTRAINT "log_line_pkey",
  ALTER COLUMN "seq" DROP IDENTITY,
  ADD CONSTRAINT "log_line_before_pkey" PRIMARY KEY ("run_id", "seq", "at");
ALTER INDEX "log_line_at_idx" RENAME TO "log_line_before_at_idx";
CREATE SEQUENCE "log_line_seq_seq";
CREATE TABLE "log_line" (
  "run_id" TEXT NOT NULL,
  "seq" BIGINT NOT NULL DEFAULT nextval('log_line_seq_seq'),
  "attempt" INTEGER NOT NULL,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
  "level" TEXT NOT NULL,
  "message" TEXT NOT NULL,
  PRIMARY KEY ("run_id", "seq", "at")
) PARTITION BY RANGE ("at");
CREATE INDEX "log_line_at_idx" ON "log_line" USING brin ("at");

-- A partition for each day and week is made ahead by the janitor. A row for which there is none, because no janitor ran or a
-- clock was wrong, goes to the default one.
CREATE TABLE "metric_point_default" PARTITION OF "metric_point" DEFAULT;
CREATE TABLE "log_line_default" PARTITION OF "log_line" DEFAULT;
DO $$
DECLARE
  today BIGINT := floor(extract(epoch FROM now()) / 86400);
  week TIMESTAMPTZ := date_trunc('week', now(), 'UTC');
  latest TIMESTAMPTZ;
BEGIN
  PERFORM setval('log_line_seq_seq', coalesce((SELECT max(seq) FROM log_line_before), 0) + 1, false);
  SELECT greatest(week + interval '7 days', date_trunc('week', max(at), 'UTC') + interval '7 days') INTO latest FROM log_line_before;
  EXECUTE format('ALTER TABLE log_line ATTACH PARTITION log_line_before FOR VALUES FROM (MINVALUE) TO (%L)', latest);
  EXECUTE format('CREATE TABLE metric_point_before PARTITION OF metric_point FOR VALUES FROM (MINVALUE) TO (%s)', today << 32);
  FOR day IN today .. today + 1 LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF metric_point FOR VALUES FROM (%s) TO (%s)',
      'metric_point_' || to_char(DATE '1970-01-01' + day::int, 'YYYYMMDD'), day::bigint << 32, (day + 1)::bigint << 32);
  END LOOP;
END $$;

-- The points of before. Nobody writes one meanwhile; workers of the version before go on to write into "metric", from where
-- the trigger metric_forwarded brings them here.
LOCK TABLE "metric" IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO "metric_series" ("id", "run_id", "name", "attempt", "sampled_at")
SELECT (least(floor(extract(epoch FROM min(m."at")) / 86400)::bigint, floor(extract(epoch FROM now()) / 86400)::bigint - 1) << 32)
    + nextval('metric_series_number'), m."run_id", m."name", m."attempt", min(a."sampled_at")
FROM "metric" m LEFT JOIN "attempt" a ON a."run_id" = m."run_id" AND a."number" = m."attempt"
GROUP BY m."run_id", m."name", m."attempt";
WITH point AS (
  SELECT s."id", s."sampled_at", m."value", m."step",
    least((extract(epoch FROM m."at") - (s."id" >> 32) * 86400) * 100, 2147483647)::int AS "after"
  FROM "metric" m JOIN "metric_series" s USING ("run_id", "name", "attempt")
), sampled AS (
  INSERT INTO "metric_sample" SELECT "id", "value", "step", "after" FROM point WHERE "sampled_at" IS NOT NULL
)
INSERT INTO "metric_point" SELECT "id", "value", "step", "after" FROM point WHERE "sampled_at" IS NULL;
UPDATE "metric_series" SET "raw" = false WHERE "sampled_at" IS NOT NULL;
TRUNCATE "metric";
