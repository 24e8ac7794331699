-- Makes the partition of a span of time, for the janitor, who owns no table. The new table is attached, because to create it as a
-- partition would lock the whole table.
CREATE OR REPLACE FUNCTION "make_partition"("whole" TEXT, "name" TEXT, "from_value" TEXT, "until_value" TEXT) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF whole NOT IN ('metric_point', 'log_line', 'audit') OR name !~ ('^' || whole || '_[0-9]{6,8}$') THEN
    RAISE EXCEPTION '% is no partition of %', name, whole;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, whole);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', whole, name, from_value, until_value);
END $$;
