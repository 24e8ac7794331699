-- What has been done stays recorded: an entry is neither changed nor deleted. Operators drop or detach whole months.
CREATE OR REPLACE FUNCTION "audit_kept"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
