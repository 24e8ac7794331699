-- Whom teams want to be told of what happens, and the messages that are still to be sent or were.
CREATE TABLE "webhook" (
  "id" TEXT PRIMARY KEY,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE ON UPDATE NO ACTION,
  "name" TEXT NOT NULL,
  "url" TEXT NOT NULL,
  "events" TEXT[] NOT NULL,
  "filter" JSONB NOT NULL DEFAULT '{}',
  -- Made by an operator, who also hears of workers.
  "operator" BOOLEAN NOT NULL,
  -- The key of its signatures, sealed.
  "sealed" BYTEA NOT NULL,
  -- Events of before are not told.
  "active_since" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "paused_at" TIMESTAMPTZ(6),
  "paused_reason" TEXT,
  -- Tries that failed, since the last one that did not.
  "failures" INTEGER NOT NULL DEFAULT 0,
  "failing_since" TIMESTAMPTZ(6),
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "created_by" JSONB
);
CREATE UNIQUE INDEX "webhook_team_id_name_key" ON "webhook" ("team_id", "name");

CREATE TABLE "webhook_delivery" (
  "id" TEXT PRIMARY KEY,
  "webhook_id" TEXT NOT NULL REFERENCES "webhook" ("id") ON DELETE CASCADE ON UPDATE NO ACTION,
  "message_id" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'PENDING' CHECK ("state" IN ('PENDING', 'DELIVERED', 'FAILED')),
  "tries" INTEGER NOT NULL DEFAULT 0,
  "status" INTEGER,
  "problem" TEXT,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  -- Since when it is to be delivered: a day later it is given up.
  "due_since" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "next_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  "last_at" TIMESTAMPTZ(6)
);
CREATE UNIQUE INDEX "webhook_delivery_webhook_id_message_id_key" ON "webhook_delivery" ("webhook_id", "message_id");
CREATE INDEX "webhook_delivery_webhook_id_id_idx" ON "webhook_delivery" ("webhook_id", "id");
CREATE INDEX "webhook_delivery_created_at_idx" ON "webhook_delivery" ("created_at");
CREATE INDEX "webhook_delivery_due_idx" ON "webhook_delivery" ("webhook_id", "next_at") WHERE "state" = 'PENDING';

-- Up to where messages were made of events. Whoever makes them locks the row.
CREATE TABLE "webhook_cursor" (
  "only" BOOLEAN PRIMARY KEY DEFAULT true CHECK ("only"),
  "event" TEXT NOT NULL DEFAULT '0-0',
  "worker_event" BIGINT NOT NULL DEFAULT 0
);
INSERT INTO "webhook_cursor" DEFAULT VALUES;
