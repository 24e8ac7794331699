-- How many device seconds a team is charged for one device second of a run of this class.
CREATE OR REPLACE FUNCTION "class_charge"("class" TEXT) RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE "class" WHEN 'urgent' THEN 2 WHEN 'normal' THEN 1 ELSE 0.5 END::float8
$$;
