-- Numbers of transactions begin anew in a cluster that a dump is restored into. An event's `xid` is the number of its
-- transaction plus this offset, so that it goes on from those in the dump, and from every cursor that was ever given out.
CREATE TABLE "cluster" (
  "only" BOOLEAN PRIMARY KEY DEFAULT true CHECK ("only"),
  -- Of the cluster that the offset was made for: `<system identifier>/<timeline>`. NULL before the first connection.
  "identity" TEXT,
  "xid_offset" BIGINT NOT NULL DEFAULT 0
);
INSERT INTO "cluster" DEFAULT VALUES;
