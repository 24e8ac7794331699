-- Start of the calendar period (day, week or month), in UTC, that holds an instant.
CREATE OR REPLACE FUNCTION "period_start"("period" TEXT, "at" TIMESTAMPTZ) RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS $$
  SELECT date_trunc("period", "at" AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
$$;
