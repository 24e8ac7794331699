-- Who has changed what. A row is written by the transaction of the change. It refers to nothing, so that it outlives the team, the key
-- and what was changed. Triggers refuse every change of a row.
CREATE TABLE "audit" (
  "id" TEXT NOT NULL,
  "at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  -- Whose matter it was; null for the pool's.
  "team_id" TEXT,
  "operator" BOOLEAN NOT NULL,
  "action" TEXT NOT NULL,
  "author" JSONB NOT NULL,
  "subject_kind" TEXT NOT NULL,
  "subject_id" TEXT,
  "change" JSONB NOT NULL,
  "request_id" TEXT,
  "address" TEXT,
  PRIMARY KEY ("id", "at")
) PARTITION BY RANGE ("at");
CREATE INDEX "audit_team_id_id_idx" ON "audit" ("team_id", "id");
CREATE INDEX "audit_subject_id_id_idx" ON "audit" ("subject_id", "id");
-- The janitor makes a partition for each month ahead, and gives each its trigger; a row for which there is none goes to the default one.
CREATE TABLE "audit_default" PARTITION OF "audit" DEFAULT;
DO $$
DECLARE
  month TIMESTAMP := date_trunc('month', now() AT TIME ZONE 'UTC');
BEGIN
  FOR ahead IN 0 .. 1 LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF audit FOR VALUES FROM (%L) TO (%L)',
      'audit_' || to_char(month + make_interval(months => ahead), 'YYYYMM'),
      (month + make_interval(months => ahead)) AT TIME ZONE 'UTC', (month + make_interval(months => ahead + 1)) AT TIME ZONE 'UTC');
  END LOOP;
END $$;
