-- Engines and precisions of devices with their measured rates, and what a run asks of an engine. Both columns come without a rewrite.
ALTER TABLE "device" ADD COLUMN "rates" JSONB NOT NULL DEFAULT '[]';
ALTER TABLE "run" ADD COLUMN "computes_on" TEXT;
