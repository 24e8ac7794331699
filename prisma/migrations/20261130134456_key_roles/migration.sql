-- A key has a role in its team and, apart from that, may be a pool operator's. Operators' keys could do all that a member's could: they
-- become admins of their team. Members stay members. The table is small: it is locked for milliseconds.
ALTER TABLE "api_key" DROP CONSTRAINT "api_key_role_check",
  ADD COLUMN "operator" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "bootstrap" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "expires_at" TIMESTAMPTZ(6);
-- The key of ESPALIER_BOOTSTRAP_KEY: an API that starts with another one retires it.
UPDATE "api_key" k SET "bootstrap" = true FROM "team" t
  WHERE t."id" = k."team_id" AND t."name" = 'default' AND k."name" = 'first' AND k."role" = 'operator';
UPDATE "api_key" SET "operator" = true, "role" = 'admin' WHERE "role" = 'operator';
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_role_check" CHECK ("role" IN ('viewer', 'member', 'maintainer', 'admin'));
