-- The run that a run repeats, perhaps with changes. That one may be deleted meanwhile, so it is no foreign key.
ALTER TABLE "run" ADD COLUMN "cloned_from" TEXT;
