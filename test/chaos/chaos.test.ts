import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment, type QueueKind } from "./deployment.ts";
import { History } from "./history.ts";
import { noRedis } from "../servers/redis.ts";
import { scenarios } from "./scenarios.ts";

const kinds: QueueKind[] = noRedis ? ["postgres"] : ["postgres", "redis"];
describe.each(kinds)("with the queue on %s", (queue) => {
  let deployment: Deployment;
  beforeAll(async () => {
    const history = new History(join(mkdtempSync(join(tmpdir(), "espalier-history-")), "history.jsonl"));
    deployment = await Deployment.start({ queue, history });
  });
  afterAll(() => deployment?.close());

  it.each(scenarios.filter(({ queues }) => queues.includes(queue)))(
    "$numbers $title",
    { timeout: 600_000 },
    async ({ run }) => {
      await run(deployment);
      expect(await deployment.verify()).toEqual([]);
    },
  );
});
