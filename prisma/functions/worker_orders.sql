-- What a worker reads with the answer of its heartbeat: its drain and the holds on its devices; null when there is neither.
-- `accepted`: memory errors that an operator knows of. `times`: how often it was held for failures since a run succeeded there.
CREATE OR REPLACE FUNCTION "worker_orders"("worker" TEXT) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT nullif(jsonb_strip_nulls(jsonb_build_object(
    'drain', (SELECT jsonb_build_object('now', r.at_once, 'done', r.done_at IS NOT NULL)
      FROM worker_drain r WHERE r.worker_name = w.name),
    'holds', (SELECT jsonb_agg(jsonb_build_object('deviceId', d.id, 'cause', h.cause,
        'accepted', CASE WHEN h.cleared_at IS NOT NULL THEN h.count END,
        'times', CASE WHEN h.cause = 'failures' THEN h.count END))
      FROM device_hold h JOIN device d ON d.worker_id = w.id AND d.identity = h.device
      WHERE h.worker_name = w.name AND (h.cleared_at IS NULL OR h.cause = 'memory-error')))), '{}')
  FROM worker w WHERE w.id = "worker"
$$;
