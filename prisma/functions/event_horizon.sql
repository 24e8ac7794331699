-- No transaction that is still open, or that begins later, writes an event with an `xid` below this.
CREATE OR REPLACE FUNCTION "event_horizon"() RETURNS BIGINT LANGUAGE sql STABLE AS $$
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + c.xid_offset FROM cluster c
$$;
