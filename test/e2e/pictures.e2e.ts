import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { noChromium } from "./browser.ts";
import type { Furnished } from "./furnish.ts";
import { pagesOf, settle } from "./pages.ts";
import { openStage, type Stage } from "./stage.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "docs/images");

/** Pages that are shown in the dark, so that both looks are seen. */
const dark = new Set(["run", "search", "compare", "queue"]);

/** Pages of runs that only a history has. */
const moreOf = ({ looked }: Furnished): Record<string, string> =>
  looked
    ? { "search-influence": `searches/${looked.influenceId}`, "run-depths": `runs/${looked.depthsId}` }
    : {};

/** `npm run e2e -- pictures` makes the pictures of the documents anew. */
describe.skipIf(noChromium)(
  `pictures of the dashboard${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let stage: Stage;
    beforeAll(async () => void (stage = await openStage({ history: true })));
    afterAll(() => stage?.close());

    it("are taken of every page", async () => {
      const { page, api, browser, furnished, complaints, to } = stage;
      await mkdir(folder, { recursive: true });
      // Nobody stored the rows of the other datasets.
      const rows = await readFile(join(root, "apps/cli/demo/sts.jsonl"));
      const { id } = await api.client.datasets.create({ name: "sts-tales", kind: "sts" }, rows);
      const { nowhere: _nowhere, failed, ...pages } = pagesOf(api, furnished);
      const shown = { ...pages, dataset: `datasets/${id}`, "run-failed": failed, ...moreOf(furnished) };
      for (const [name, path] of Object.entries(shown)) {
        await page.emulateMedia({ colorScheme: dark.has(name) ? "dark" : "light", reducedMotion: "reduce" });
        // A worker that was heard of just now.
        await api.store.sql("update worker_pulse set seen_at = now() - interval '2 seconds'");
        await to(path);
        await settle(page);
        if (name === "queue")
          await page
            .getByRole("button", { name: /^Why .* waits$/ })
            .first()
            .click();
        if (name === "queue") await page.getByText("urgent", { exact: true }).first().waitFor();
        await page.waitForFunction(() => document.querySelector("[class*=loading]") === null);
        await page.waitForFunction(
          () => ![...document.querySelectorAll("dd")].some((each) => each.textContent === "…"),
        );
        await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
        await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
      }
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      onTestFinished(() => context.close());
      const stranger = await context.newPage();
      await stranger.goto(api.url);
      await stranger.getByLabel("API key").waitFor();
      await stranger.screenshot({ path: join(folder, "sign-in.png"), animations: "disabled" });
      expect(complaints).toEqual([]);
    });
  },
);
