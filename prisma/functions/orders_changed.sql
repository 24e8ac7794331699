-- Keeps the copy of a worker's orders in its pulse, so that a heartbeat reads one row.
CREATE OR REPLACE FUNCTION "orders_changed"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  UPDATE worker_pulse p SET orders = worker_orders(p.worker_id) FROM worker w
  WHERE w.id = p.worker_id AND w.state <> 'STOPPED' AND w.name = coalesce(NEW.worker_name, OLD.worker_name);
  RETURN NULL;
END $$;
