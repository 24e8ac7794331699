-- Lets no run start to wait for models, datasets or runs that somebody has deleted, or is deleting at this moment: it holds
-- what the spec names until the transaction ends, so that a deletion sees the run. Whoever submits or retries a run.
CREATE OR REPLACE FUNCTION "run_inputs_held"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  named TEXT[];
  gone RECORD;
BEGIN
  SELECT array_agg(DISTINCT id #>> '{}') INTO named
  FROM jsonb_path_query(NEW.spec, 'strict $.** ? (@.type() == "string" && @ like_regex "^(mdl|dst|run)_")') id;
  IF named IS NULL THEN RETURN NEW; END IF;
  PERFORM FROM model WHERE id = ANY(named) ORDER BY id FOR KEY SHARE;
  PERFORM FROM dataset WHERE id = ANY(named) ORDER BY id FOR KEY SHARE;
  PERFORM FROM run WHERE id = ANY(named) ORDER BY id FOR KEY SHARE;
  SELECT d.id, d.at INTO gone FROM deletion d WHERE d.id = ANY(named) ORDER BY d.id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% was deleted at %; name another.', gone.id, to_char(gone.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
      USING ERRCODE = 'ES404';
  END IF;
  RETURN NEW;
END $$;
