import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Garbage, Problem } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { operator } from "../auth/access.ts";
import { actorOf } from "../auth/principal.ts";
import { list } from "../http/page.ts";
import { leaderLock } from "../janitor.ts";

const sweepMs = 10_000;

/** What nobody needs any more: what it is, and a sweep now instead of at the janitor's next one. */
export const garbage: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  const schema = { response: { 200: list(Garbage) } };
  app.get("/", { config: operator, schema }, async () => ({ items: await store.collector.survey() }));
  app.post("/sweep", { config: operator, schema }, async (request) => {
    const leadership = await store.leader.acquire(leaderLock);
    if (leadership === undefined)
      throw new Problem("resource/conflict", "A sweep is going on; look again in a minute.");
    try {
      // A sweep is many transactions; who asked for it is recorded before the first.
      await store.transaction(async () => undefined);
      const items = await store.collector.sweep(
        AbortSignal.any([leadership.signal, AbortSignal.timeout(sweepMs)]),
      );
      request.log.info({ items, by: actorOf(request) }, "swept on request");
      return { items };
    } finally {
      await leadership.release().catch(() => undefined);
    }
  });
};
