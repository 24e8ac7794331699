-- Bare texts are datasets too. The table is small, so that the check of its rows takes no time.
ALTER TABLE "dataset"
  DROP CONSTRAINT "dataset_kind_check",
  ADD CONSTRAINT "dataset_kind_check" CHECK ("kind" IN ('triplets', 'sts', 'texts')),
  -- What was noticed while its file was read; null for those that came before.
  ADD COLUMN "reading" JSONB;
