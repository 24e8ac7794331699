-- Of the whole table; a partition has its own, which the janitor makes with it.
CREATE OR REPLACE TRIGGER "audit_not_emptied" BEFORE TRUNCATE ON "audit"
  FOR EACH STATEMENT EXECUTE FUNCTION "audit_kept"();
