-- The runs of a team that have these words, by the index run_words. Under row-level security no condition is looked up in an index that could
-- tell something of other teams' rows, as `@@` might by an error. So this looks with the rights of the owner, for the team alone that its caller
-- acts for; whoever sees all rows anyway may name any.
CREATE OR REPLACE FUNCTION "runs_with_words"("team" TEXT, "wanted" TSQUERY) RETURNS SETOF TEXT
LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT r.id FROM run r
  WHERE (r.name IS NOT NULL OR r.tags <> '{}')
    AND array_to_tsvector(array_remove(regexp_split_to_array(lower(coalesce(r.name, '')), '[^[:alnum:]]+')
      || lower(coalesce(r.name, '')) || r.tags, '')) @@ "wanted"
    AND r.team_id = "team"
    AND ("team" = current_setting('espalier.team', true)
      OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'espalier_api')
      OR EXISTS (SELECT FROM pg_roles p WHERE p.rolname IN ('espalier_owner', 'espalier_pool')
        AND pg_has_role(coalesce(nullif(current_setting('role', true), 'none'), session_user), p.oid, 'USAGE')))
$$;
