import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { noChromium, openBrowser, signIn } from "./browser.ts";

/** One for each second. */
const events = 86_400;
const batch = 1_200;
const mostGrowth = 10_000_000;

describe.skipIf(noChromium)(
  `a page that is left open for a day${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let api: TestApi;
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      api = await startTestApi({ dashboard: readDashboard() });
      browser = await openBrowser();
      page = await signIn(await browser.newContext(), api.url, api.key);
    });
    afterAll(async () => {
      await browser?.close();
      await api?.close();
    });

    it(`hears ${events.toLocaleString("en")} events, keeps its memory, and shows the last state`, async () => {
      const runs = [];
      for (let i = 0; i < 40; i++) runs.push(await api.store.submit());
      const last = runs.at(-1)!;
      await page.goto(`${api.url}/runs/${last.id}`);
      await page.getByRole("banner").getByText("live", { exact: true }).waitFor();
      const session = await page.context().newCDPSession(page);
      let heard = 0;
      await page.exposeFunction("counted", (count: number) => (heard += count));
      await page.evaluate(countMessages, await streamOf(browser));

      // A hundredth of a day, so that all that is loaded once is loaded.
      await tell(
        api,
        runs.map(({ id }) => id),
        0,
        events / 100,
      );
      await expect.poll(() => heard, { timeout: 60_000 }).toBeGreaterThanOrEqual(events / 100);
      const before = await heapOf(session);
      const [workerBefore] = await workerHeaps(browser);
      for (let told = events / 100; told < events; told += batch)
        await tell(
          api,
          runs.map(({ id }) => id),
          told,
          Math.min(batch, events - told),
        );
      await expect.poll(() => heard, { timeout: 240_000 }).toBeGreaterThanOrEqual(events);
      await api.store.runs.cancel(api.store.teamId, last.id);
      await page.getByRole("main").locator("header").getByText("cancelled", { exact: true }).waitFor();
      await page.getByRole("banner").getByText("live", { exact: true }).waitFor();

      const growth = (await heapOf(session)) - before;
      const [workerAfter] = await workerHeaps(browser);
      console.log(
        `heap of the page: ${(before / 1e6).toFixed(1)} MB, and ${(growth / 1e6).toFixed(1)} MB more; of its stream: ${mb(workerBefore)}, then ${mb(workerAfter)}`,
      );
      expect(growth).toBeLessThan(mostGrowth);
      expect((workerAfter ?? 0) - (workerBefore ?? 0)).toBeLessThan(mostGrowth);
    });
  },
);

const mb = (bytes: number | undefined): string =>
  bytes === undefined ? "not measured" : `${(bytes / 1e6).toFixed(1)} MB`;

/** Counts what the stream's worker tells this page, by one more port of it. */
function countMessages(script: string): void {
  const url = new URL("v1/events", document.baseURI).href;
  const { port } = new SharedWorker(script, { type: "module", name: url });
  let count = 0;
  port.addEventListener("message", ({ data }: MessageEvent<{ type: string }>) => {
    if (data.type === "event") count += 1;
  });
  port.start();
  port.postMessage("connect");
  setInterval(() => {
    (globalThis as unknown as { counted: (count: number) => void }).counted(count);
    count = 0;
  }, 500);
}

/** Writes events of runs, as the database does when they change. */
async function tell(api: TestApi, runIds: readonly string[], from: number, count: number): Promise<void> {
  await api.store.sql(
    `insert into event (team_id, run_id, body)
     select $1, run_id, jsonb_build_object('type', 'run.waiting', 'runId', run_id, 'position', n % 40 + 1,
       'reason', jsonb_build_object('code', 'waiting-for-device', 'matching', 8, 'ahead', n % 40))
     from (select n, ($2::text[])[n % cardinality($2::text[]) + 1] as run_id from generate_series($3::int, $3::int + $4::int - 1) n) e`,
    [api.store.teamId, runIds, from, count],
  );
}

/** Bytes of a page's heap, after what nobody needs was collected. */
async function heapOf(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

/** Where the program of the stream's worker is. */
async function streamOf(browser: Browser): Promise<string> {
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send("Target.getTargets");
  await session.detach();
  const found = targetInfos.find(({ type }) => type === "shared_worker");
  if (!found) throw new Error("The page has no stream.");
  return found.url;
}

/** Of each shared worker of a browser. */
async function workerHeaps(browser: Browser): Promise<number[]> {
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send("Target.getTargets");
  const heaps: number[] = [];
  for (const { targetId, type } of targetInfos) {
    if (type !== "shared_worker") continue;
    const { sessionId } = await session.send("Target.attachToTarget", { targetId, flatten: false });
    const ask = async (id: number, method: string): Promise<{ usedSize?: number }> => {
      const answer = new Promise<{ usedSize?: number }>((resolve) => {
        session.on("Target.receivedMessageFromTarget", ({ message }) => {
          const said = JSON.parse(message) as { id?: number; result?: { usedSize?: number } };
          if (said.id === id) resolve(said.result ?? {});
        });
      });
      await session.send("Target.sendMessageToTarget", {
        sessionId,
        message: JSON.stringify({ id, method }),
      });
      return answer;
    };
    await ask(1, "HeapProfiler.collectGarbage");
    const { usedSize } = await ask(2, "Runtime.getHeapUsage");
    if (usedSize !== undefined) heaps.push(usedSize);
  }
  await session.detach();
  return heaps;
}
