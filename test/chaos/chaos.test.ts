import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noRedis } from "../servers/redis.ts";
import { Deployment, type QueueKind } from "./deployment.ts";
import { History } from "./history.ts";
import { scenarios } from "./scenarios/index.ts";

const kinds: QueueKind[] = ["postgres", "redis"];

describe.each(kinds)("with the queue on %s", (queue) => {
  const why = queue === "redis" ? noRedis : undefined;
  let deployment: Deployment;
  let history: History;
  beforeAll(async () => {
    if (why) return;
    history = new History(join(mkdtempSync(join(tmpdir(), "espalier-history-")), "history.jsonl"));
    deployment = await Deployment.start({ queue, history });
  }, 300_000);
  afterAll(() => deployment?.close());

  for (const { number, title, quick = [], skip, run } of scenarios)
    if (quick.includes(queue))
      it(`${number}. ${title}`, { timeout: 900_000 }, async ({ skip: leave }) => {
        leave(why !== undefined || skip !== undefined, why ?? skip);
        await run(deployment);
        const violations = await deployment.verify();
        expect(violations, `history: ${history.file}`).toEqual([]);
      });
});
