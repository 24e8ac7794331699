import type { IncomingMessage, ServerResponse } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { noChromium, openBrowser, signIn } from "./browser.ts";
import { furnish } from "./furnish.ts";

describe.skipIf(noChromium)(
  `eight tabs over plain HTTP${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let api: TestApi;
    let browser: Browser;
    beforeAll(async () => {
      api = await startTestApi({ dashboard: readDashboard() });
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await api?.close();
    });

    it("are all live, by one stream", async () => {
      const { trainingId, claims } = await furnish(api);
      let streams = 0;
      api.app.server.on("request", ({ url }: IncomingMessage, response: ServerResponse) => {
        if (url !== "/v1/events") return;
        streams += 1;
        response.once("close", () => (streams -= 1));
      });
      const context = await browser.newContext();
      const tabs: Page[] = [await signIn(context, api.url, api.key)];
      for (let i = 1; i < 8; i++) tabs.push(await context.newPage());
      for (const tab of tabs) {
        await tab.goto(`${api.url}/runs/${trainingId}`);
        await tab.getByRole("banner").getByText("live", { exact: true }).waitFor();
      }
      await api.store.beat(claims.get(trainingId)!.lease, {
        phase: "train",
        done: 990,
        total: 1000,
        unit: "steps",
      });
      for (const tab of tabs) await tab.getByRole("main").getByText("99 %").waitFor();
      // A worker without pages ends, as when the page that signed in was left.
      await expect.poll(() => streams).toBe(1);
    });
  },
);
