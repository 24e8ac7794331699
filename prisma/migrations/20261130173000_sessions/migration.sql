-- A browser's session is a key that a cookie alone may carry; it has the time in seconds after which it ends unused. One that was opened with
-- another key ends when that one does. The table is small: it is locked for milliseconds.
ALTER TABLE "api_key"
  ADD COLUMN "idle_seconds" INTEGER CHECK ("idle_seconds" > 0),
  ADD COLUMN "opener_id" TEXT REFERENCES "api_key" ("id") ON DELETE CASCADE,
  ADD CONSTRAINT "api_key_opener_of_session" CHECK ("opener_id" IS NULL OR "idle_seconds" IS NOT NULL);
CREATE INDEX "api_key_opener_id_idx" ON "api_key" ("opener_id") WHERE "opener_id" IS NOT NULL;
