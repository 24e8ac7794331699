-- The column's default is the number of the transaction in this cluster. See `adopt_cluster`.
CREATE OR REPLACE FUNCTION "event_placed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.xid := NEW.xid + (SELECT c.xid_offset FROM cluster c);
  RETURN NEW;
END $$;
