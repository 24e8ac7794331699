import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium } from "./browser.ts";
import { pagesOf, settle } from "./pages.ts";
import { openStage, type Stage } from "./stage.ts";

const folder = fileURLToPath(new URL("../../docs/images", import.meta.url));

/** Pages that are shown in the dark, so that both looks are seen. */
const dark = new Set(["run", "search", "compare", "queue"]);

/** `npm run e2e -- pictures` makes the pictures of the documents anew. */
describe.skipIf(noChromium)(
  `pictures of the dashboard${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let stage: Stage;
    beforeAll(async () => void (stage = await openStage({ history: true })));
    afterAll(() => stage?.close());

    it("are taken of every page", async () => {
      const { page, api, furnished, complaints, to } = stage;
      await mkdir(folder, { recursive: true });
      // Nobody stored the rows of these datasets.
      const { nowhere: _nowhere, dataset: _dataset, failed, ...pages } = pagesOf(api, furnished);
      for (const [name, path] of Object.entries({ ...pages, "run-failed": failed })) {
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
      expect(complaints).toEqual([]);
    });
  },
);
