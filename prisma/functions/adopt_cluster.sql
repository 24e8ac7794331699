-- Every new connection calls this. In another cluster than before (a dump was restored, or a standby was promoted) it moves
-- `xid_offset` so far that the next event follows all that were written and all cursors that were given out. A cluster cannot
-- have done 2^20 transactions for each millisecond that has passed, so the time in these units lies ahead of them.
CREATE OR REPLACE FUNCTION "adopt_cluster"() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  mine TEXT;
  newest BIGINT;
  own BIGINT;
BEGIN
  SELECT s.system_identifier || '/' || c.timeline_id INTO mine FROM pg_control_system() s, pg_control_checkpoint() c;
  IF (SELECT c.identity FROM cluster c) IS NOT DISTINCT FROM mine THEN
    RETURN;
  END IF;
  -- Whoever has written an event with the offset of before commits first, and nobody writes one until this has committed.
  LOCK TABLE event IN SHARE MODE;
  own := pg_current_xact_id()::text::bigint;
  SELECT coalesce(max(e.xid), 0) INTO newest FROM event e;
  UPDATE cluster c SET identity = mine, xid_offset = CASE
      WHEN c.identity IS NULL AND newest < own THEN 0
      ELSE greatest((extract(epoch FROM clock_timestamp()) * 1000)::bigint << 20, newest + 1) - own
    END
  WHERE c.identity IS DISTINCT FROM mine;
EXCEPTION WHEN insufficient_privilege THEN
  -- A server that hides its identity is taken for the one of before.
  RETURN;
END $$;
