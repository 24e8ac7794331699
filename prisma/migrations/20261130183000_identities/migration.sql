-- People whom an OpenID provider has signed in, and which user each is in a team. A provider's subject is never given to somebody else; its names may be.
CREATE TABLE "identity" (
  "issuer" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "team_id" TEXT NOT NULL REFERENCES "team" ("id") ON DELETE CASCADE,
  "user_id" TEXT NOT NULL REFERENCES "team_user" ("id") ON DELETE CASCADE,
  "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  PRIMARY KEY ("issuer", "subject", "team_id")
);
CREATE UNIQUE INDEX "identity_user_id_key" ON "identity" ("user_id");
CREATE INDEX "identity_team_id_idx" ON "identity" ("team_id");
