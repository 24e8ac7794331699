import { performance } from "node:perf_hooks";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { noChromium, openBrowser, signIn } from "./browser.ts";

const count = 100_000;

describe.skipIf(noChromium)(
  `the list of 100,000 runs${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let api: TestApi;
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      api = await startTestApi({ dashboard: readDashboard() });
      const { id } = await api.store.submit();
      // Their events and accounts are not what is tried.
      await api.store.sql("alter table run disable trigger user");
      await api.store.sql(
        `insert into run (id, team_id, user_id, kind, state, spec, resolved, created_at, ended_at, result, name)
       select 'run_' || lpad(n::text, 26, '0'), team_id, user_id, kind, case when n % 50 = 0 then 'FAILED' else 'SUCCEEDED' end, spec, resolved,
         now() - n * interval '1 minute', now(), case when n % 50 <> 0 then '{"modelId": "mdl_00000000000000000000000000"}'::jsonb end, 'sweep-' || n
       from run, generate_series(1, ${count}) n where id = $1`,
        [id],
      );
      await api.store.sql("alter table run enable trigger user");
      await api.store.sql("analyze run");
      browser = await openBrowser();
      page = await signIn(await browser.newContext(), api.url, api.key);
    }, 300_000);
    afterAll(async () => {
      await browser?.close();
      await api?.close();
    });

    const rows = () => page.getByRole("region", { name: "Runs" }).locator("tbody tr[data-row]");

    it("has few rows in the page however far one scrolls", async () => {
      await page.goto(`${api.url}/runs`);
      await rows().first().waitFor();
      for (let screens = 0; screens < 12; screens++) {
        await page.getByRole("region", { name: "Runs" }).evaluate((box) => box.scrollBy(0, box.clientHeight));
        await page.waitForTimeout(100);
        expect(await rows().count()).toBeLessThanOrEqual(60);
      }
    });

    it("filters them and says how long that took", async () => {
      await page.goto(`${api.url}/runs`);
      await rows().first().waitFor();
      const started = performance.now();
      await page.getByRole("button", { name: /^failed/ }).click();
      await page.waitForFunction(() => {
        const words = [...document.querySelectorAll("tr[data-row] td:nth-child(2)")].map(
          (cell) => cell.textContent,
        );
        return words.length > 0 && words.every((word) => word === "failed");
      });
      console.log(
        `filter to rows: ${Math.round(performance.now() - started)} ms of at most 300 on a calm machine`,
      );
      expect(new URL(page.url()).search).toBe("?state=FAILED");
    });

    it("fits two hundred devices on one screen of the pool", async () => {
      for (let host = 1; host <= 25; host++)
        await api.store.workers.register({
          name: `gpu-${host}`,
          host: `gpu-${host}.lab`,
          version: "0.1.0",
          devices: Array.from({ length: 8 }, (_, i) => ({
            address: `cuda:${i}`,
            identity: `cuda:GPU-${host}-${i}`,
            kind: "cuda" as const,
            name: "NVIDIA H200",
            engine: "onnx-cuda",
            memoryBytes: 141e9,
          })),
        });
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(api.url);
      const tiles = page.getByRole("region", { name: "Devices" }).getByRole("listitem");
      await expect.poll(() => tiles.count()).toBeGreaterThanOrEqual(200);
      const box = (await tiles.last().boundingBox())!;
      expect(box.y + box.height).toBeLessThanOrEqual(900);
    });
  },
);
