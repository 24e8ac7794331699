import { afterAll, beforeAll, expect, it } from "vitest";
import type { Browser } from "playwright-core";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { complaintsOf, noChromium, openBrowser } from "./browser.ts";
import { furnish } from "./furnish.ts";

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  if (noChromium !== undefined) return;
  api = await startTestApi({ dashboard: readDashboard() });
  await furnish(api);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

it.skipIf(noChromium)(
  `shows the pool and the queue${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  async () => {
    const context = await browser.newContext({ extraHTTPHeaders: { authorization: `Bearer ${api.key}` } });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await page.goto(api.url);
    await page.getByRole("row", { name: /gpu-2 cuda:3/ }).waitFor();
    await page.getByRole("link", { name: "Queue" }).click();
    await page
      .getByRole("row", { name: /train.*smollm2-135m/ })
      .first()
      .waitFor();
    expect(complaints).toEqual([]);
  },
);
