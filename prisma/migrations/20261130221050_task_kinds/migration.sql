-- Datasets of all evaluation tasks. The table is small, so that the check of its rows takes no time.
ALTER TABLE "dataset"
  DROP CONSTRAINT "dataset_kind_check",
  ADD CONSTRAINT "dataset_kind_check" CHECK (
    "kind" IN (
      'triplets', 'texts', 'sts', 'retrieval', 'reranking', 'classification', 'clustering', 'pair-classification',
      'bitext-mining'
    )
  );
