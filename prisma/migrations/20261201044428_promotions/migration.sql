-- That a model passed the gate of an experiment: which, by what rule, when and by whom. The newest mark stands; the audit log has all.
ALTER TABLE "model" ADD COLUMN "promotion" JSONB;
