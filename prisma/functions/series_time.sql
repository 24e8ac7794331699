-- Hundredths of a second from the beginning of a series' day until now: 248 days at most. See the table metric_point.
CREATE OR REPLACE FUNCTION "series_time"(series BIGINT) RETURNS INTEGER LANGUAGE sql STABLE AS $$
  SELECT greatest(least((extract(epoch FROM now()) - (series >> 32) * 86400) * 100, 2147483647), -2147483648)::int
$$;
