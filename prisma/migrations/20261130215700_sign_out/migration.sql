-- Of somebody who has signed in by an OpenID provider: the teams that the groups gave, and what ends the sign-in there. The table is small: it
-- is locked for milliseconds. Sessions of before have neither, and last for hours.
ALTER TABLE "api_key" ADD COLUMN "memberships" JSONB, ADD COLUMN "id_token" TEXT;
