-- When an alert of the pool was noted first, of those whose beginning no other row tells.
CREATE TABLE "alert_since" (
  "code" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "since" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
  CONSTRAINT "alert_since_pkey" PRIMARY KEY ("code", "subject")
);
