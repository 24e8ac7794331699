-- Where nobody else is told of anything, messages for webhooks begin now: else the events of days would be read for nothing. Webhooks of
-- all teams count, which whoever makes one may not see. The row is locked, so that whoever makes messages comes before or after.
CREATE OR REPLACE FUNCTION "begin_messages"("webhook" TEXT) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM FROM webhook_cursor FOR UPDATE;
  UPDATE webhook_cursor SET event = (event_horizon() - 1)::text || '-9223372036854775807',
    worker_event = coalesce((SELECT max(e.id) FROM worker_event e WHERE e.at < now() - interval '1 minute'), 0)
  WHERE NOT EXISTS (SELECT FROM webhook w WHERE w.paused_at IS NULL AND w.id <> begin_messages.webhook);
END $$;
