-- A long queue is told anew as a whole. Comparing the rows before and after as two sets costs their product when the plan was
-- made for few; row by row, those whose reason has the same code cost nothing.
DROP TRIGGER "run_waiting_updated" ON "run_waiting";
CREATE OR REPLACE FUNCTION "run_waiting_updated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM run_waiting_events(ARRAY[NEW.run_id]);
  RETURN NULL;
END $$;
CREATE TRIGGER "run_waiting_updated" AFTER UPDATE ON "run_waiting" FOR EACH ROW
  WHEN (NEW."reason" ->> 'code' <> OLD."reason" ->> 'code') EXECUTE FUNCTION "run_waiting_updated"();
