-- What a team stores: its artifacts, which are the files of its models and datasets and what its runs made, and the files of uploads
-- that are not a model yet.
CREATE OR REPLACE FUNCTION "bytes_of_team"("team" TEXT) RETURNS BIGINT LANGUAGE sql STABLE AS $$
  SELECT ((SELECT coalesce(sum(s.bytes), 0) FROM stored_bytes s WHERE s.team_id = "team")
    + (SELECT coalesce(sum(f.bytes), 0) FROM upload u JOIN upload_file f ON f.upload_id = u.id
       WHERE u.team_id = "team" AND u.model_id IS NULL))::bigint
$$;
