-- Writes the events of runs whose reason to wait is new, and notifies listeners.
CREATE OR REPLACE FUNCTION "run_waiting_events"("ids" TEXT[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO event (team_id, run_id, body)
  SELECT r.team_id, r.id, jsonb_strip_nulls(jsonb_build_object('type', 'run.waiting', 'runId', r.id,
    'experimentId', r.experiment_id, 'reason', w.reason, 'position', w.position))
  FROM run_waiting w JOIN run r ON r.id = w.run_id WHERE w.run_id = ANY(ids);
  SELECT pg_notify('espalier_run', r.team_id || ' ' || r.id || ' waiting') FROM run r WHERE r.id = ANY(ids);
$$;
