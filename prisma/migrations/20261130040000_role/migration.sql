-- What a run of an experiment is for. A report used to guess it from the references between runs; the kind says it of all
-- but evaluations, and an evaluation is "after" where it measures what the training of its own experiment made.
ALTER TABLE "run" ADD COLUMN "role" TEXT CHECK ("role" IN ('search', 'prune', 'before', 'train', 'after'));
UPDATE "run" SET "role" = "kind" WHERE "experiment_id" IS NOT NULL AND "kind" IN ('search', 'prune', 'train');
UPDATE "run" r SET "role" = CASE WHEN EXISTS (
    SELECT FROM "run" t WHERE t."experiment_id" = r."experiment_id" AND t."kind" = 'train'
      AND t."id" = r."spec" -> 'model' ->> 'run') THEN 'after' ELSE 'before' END
  WHERE r."experiment_id" IS NOT NULL AND r."kind" = 'evaluate';

-- The scores of an evaluation were named "spearman" and "pearson", and their step was the place of a dataset in the spec.
-- They carry the name of the dataset, and its id too where two datasets of one evaluation have the same name. A dataset
-- that an evaluation lists twice was measured once more with the same result, which keeps its old name.
UPDATE "metric" m SET "step" = 0, "name" = d."name" || CASE WHEN EXISTS (
    SELECT FROM jsonb_array_elements_text(r."spec" -> 'datasetIds') o JOIN "dataset" other ON other."id" = o
    WHERE other."name" = d."name" AND other."id" <> d."id") THEN '/' || d."id" ELSE '' END || '/' || m."name"
  FROM "run" r, "dataset" d
  WHERE r."id" = m."run_id" AND r."kind" = 'evaluate' AND m."name" IN ('spearman', 'pearson')
    AND d."id" = r."spec" -> 'datasetIds' ->> m."step"
    AND NOT EXISTS (SELECT FROM generate_series(0, m."step" - 1) earlier
      WHERE r."spec" -> 'datasetIds' ->> earlier = d."id");
