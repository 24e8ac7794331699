-- Seconds after which usage counts half: 7 days.
CREATE OR REPLACE FUNCTION "usage_half_life"() RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE AS $$
  SELECT 604800::float8
$$;
