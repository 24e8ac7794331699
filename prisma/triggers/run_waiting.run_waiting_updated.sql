-- A reason with another code is an event. The trigger looks at each row, because comparing the rows before and after as two
-- sets costs their product where the plan was made for few; rows whose reason has the same code cost nothing.
CREATE OR REPLACE TRIGGER "run_waiting_updated" AFTER UPDATE ON "run_waiting" FOR EACH ROW
  WHEN (NEW."reason" ->> 'code' <> OLD."reason" ->> 'code') EXECUTE FUNCTION "run_waiting_updated"();
