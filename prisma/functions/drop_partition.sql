-- Drops a partition that was emptied, for the janitor, who owns no table. What came in between, from a clock that went back, is
-- not lost.
CREATE OR REPLACE FUNCTION "drop_partition"("whole" TEXT, "name" TEXT) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF whole NOT IN ('metric_point', 'log_line') OR NOT EXISTS (
    SELECT FROM pg_inherits i WHERE i.inhparent = whole::regclass AND i.inhrelid = to_regclass(quote_ident(name))) THEN
    RAISE EXCEPTION '% is no partition of %', name, whole USING ERRCODE = 'undefined_table';
  END IF;
  EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', whole, name);
  EXECUTE format('INSERT INTO %I SELECT * FROM %I', whole, name);
  EXECUTE format('DROP TABLE %I', name);
END $$;
