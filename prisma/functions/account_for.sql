-- Adds an attempt's use of devices to the usage of its team and its user. `units` are devices, or the part of one device's
-- memory that the run reserved; `began` is when the attempt started.
CREATE OR REPLACE FUNCTION "account_for"("run" "run", "units" DOUBLE PRECISION, "began" TIMESTAMPTZ) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  half_life CONSTANT DOUBLE PRECISION := usage_half_life();
  seconds CONSTANT DOUBLE PRECISION := greatest(0, extract(epoch FROM now() - began));
  -- The devices were held at a constant rate and the usage has decayed since: the integral of 2^(-t/h).
  gained CONSTANT DOUBLE PRECISION :=
    units * class_charge(run.class) * half_life / ln(2) * (1 - 2 ^ (-seconds / half_life));
BEGIN
  UPDATE team t SET
    used_seconds = used_seconds * 2 ^ (-greatest(0, extract(epoch FROM now() - used_at)) / half_life) + gained,
    used_at = greatest(used_at, now()),
    spent_hours = CASE WHEN spent_from = period_start(quota_period, now()) THEN spent_hours ELSE 0 END
      + units * extract(epoch FROM now() - greatest(began, period_start(quota_period, now()))) / 3600,
    spent_from = period_start(quota_period, now())
  WHERE t.id = run.team_id;
  UPDATE team_user u SET
    used_seconds = used_seconds * 2 ^ (-greatest(0, extract(epoch FROM now() - used_at)) / half_life) + gained,
    used_at = greatest(used_at, now()),
    spent_hours = CASE WHEN spent_from = period_start(quota_period, now()) THEN spent_hours ELSE 0 END
      + units * extract(epoch FROM now() - greatest(began, period_start(quota_period, now()))) / 3600,
    spent_from = period_start(quota_period, now())
  WHERE u.id = run.user_id;
END $$;
