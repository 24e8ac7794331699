import type { QueueEntry } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { violationsOf } from "./axe.ts";
import { noChromium, signIn } from "./browser.ts";
import { lists, overflowOf, pagesOf, schemes, settle } from "./pages.ts";
import { pass } from "./pass.ts";
import { emptyTeamKey, openStage, type Stage } from "./stage.ts";

describe.skipIf(noChromium)(
  `accessibility${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let stage: Stage;
    beforeAll(async () => void (stage = await openStage()));
    afterAll(() => stage?.close());

    it.each(schemes)("no page breaks a rule of axe: furnished, %s", async (colorScheme) => {
      const { page, api, furnished, to } = stage;
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const found: Record<string, string[]> = {};
      for (const [name, path] of Object.entries(pagesOf(api, furnished))) {
        await to(path);
        await settle(page);
        const violations = await violationsOf(page);
        if (violations.length > 0) found[name] = violations;
      }
      expect(found).toEqual({});
    });

    it.each(schemes)("nor what opens on them: menus, questions and folded parts, %s", async (colorScheme) => {
      const { page, furnished, to } = stage;
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const found: Record<string, string[]> = {};
      const look = async (name: string): Promise<void> => {
        const violations = await violationsOf(page);
        if (violations.length > 0) found[name] = violations;
      };
      await to("queue");
      await settle(page);
      await page
        .getByRole("button", { name: /^Why .* waits$/ })
        .first()
        .click();
      await page.getByText("urgent", { exact: true }).first().waitFor();
      await look("why a run waits");
      await to("runs");
      await settle(page);
      await page.getByRole("button", { name: "Columns" }).click();
      await look("columns");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Go to" }).fill("sweep");
      await page.getByRole("listbox", { name: "Targets" }).getByRole("option").first().waitFor();
      await look("go anywhere");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await look("keys");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "ada" }).click();
      await look("account");
      await to(`runs/${furnished.trainingId}`);
      await page.getByRole("button", { name: "loss as a table" }).click();
      await look("a chart as a table");
      await to("admin");
      await page.getByRole("button", { name: "New key" }).click();
      await look("a question");
      expect(found).toEqual({});
    });

    it.each(schemes)("nor an empty service, nor its sign-in, %s", async (colorScheme) => {
      const { api, browser } = stage;
      const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
      const first = await context.newPage();
      await first.goto(api.url);
      await first.getByLabel("API key").waitFor();
      expect(await violationsOf(first)).toEqual([]);
      const page = await signIn(context, api.url, await emptyTeamKey(api));
      const found: Record<string, string[]> = {};
      for (const name of lists) {
        await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
        await settle(page);
        const violations = await violationsOf(page);
        if (violations.length > 0) found[name] = violations;
      }
      expect(found).toEqual({});
      await context.close();
    });

    it("works at 400 % zoom: nothing is wider than the screen, tables scroll by themselves", async () => {
      const { page, api, furnished, to } = stage;
      await page.setViewportSize({ width: 360, height: 225 });
      const wide: Record<string, number> = {};
      for (const [name, path] of Object.entries(pagesOf(api, furnished))) {
        await to(path);
        await settle(page);
        const overflow = await overflowOf(page);
        if (overflow > 0) wide[name] = overflow;
      }
      await page.setViewportSize({ width: 1440, height: 900 });
      expect(wide).toEqual({});
    });

    it("needs no mouse: from the sign-in to a cancelled run and back, by keys alone", async () => {
      const { api, browser, key, furnished } = stage;
      const context = await browser.newContext();
      // A page behind another one asks for nothing by itself.
      onTestFinished(() => context.close());
      const page = await context.newPage();
      await page.goto(api.url);
      await page.getByLabel("API key").waitFor();
      const { keyboard } = page;
      await keyboard.type(key);
      await keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "Pool" }).waitFor();

      await keyboard.press("g");
      await keyboard.press("q");
      await page.getByRole("heading", { level: 1, name: "Queue" }).waitFor();
      await page.locator("[data-row]").first().waitFor();
      await keyboard.press("j");
      await expect.poll(() => focusedRow(page)).toBeTruthy();
      const before = await rowsOf(page);
      await keyboard.press("x");
      await page.getByText("1 chosen").waitFor();
      await keyboard.press("c");
      await page.getByRole("dialog").getByText("Cancel 1 run?").waitFor();
      await keyboard.press("Escape");
      // The question is gone, and the focus is where it was.
      await expect.poll(() => focusedRow(page)).toBeTruthy();
      await keyboard.press("c");
      await page.getByRole("dialog").getByText("It would be done to 1.").waitFor();
      await keyboard.press("Tab");
      await keyboard.press("Tab");
      await keyboard.press("Enter");
      await page.getByText("1 of 1 done.").waitFor();
      await expect.poll(async () => (await rowsOf(page)).length).toBe(before.length - 1);

      await keyboard.press("Control+k");
      await keyboard.type("encoder-large");
      await page.getByRole("option", { name: /encoder-large/ }).waitFor();
      await keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "encoder-large" }).waitFor();
      await keyboard.press("g");
      await keyboard.press("r");
      await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
      await keyboard.press("/");
      await keyboard.type("too-eager");
      await page.getByRole("row", { name: /too-eager/ }).waitFor();
      await expect.poll(() => page.locator("tr[data-row]").count()).toBe(1);
      await keyboard.press("Enter");
      await keyboard.press("j");
      await expect.poll(() => focusedRow(page)).toBe(furnished.failedId);
      await keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "too-eager" }).waitFor();
    });

    it("moves a run in the queue by keys, and the scheduler follows", async () => {
      const { page, api, furnished, to } = stage;
      // Its workers were heard of when the tests began; what is lost by now would start nothing, and nothing would have a place.
      await api.store.sql("update worker_pulse set seen_at = now() + interval '1 minute'");
      await to("queue");
      await page.locator("[data-row]").first().waitFor();
      const { items } = await api.client.queue({ own: true });
      const peers = items
        .filter(({ state }) => state === "QUEUED")
        .filter((entry, _i, all) => all.filter((each) => isPeer(each, entry)).length > 1)
        .filter((entry, _i, all) => isPeer(entry, all[0]));
      expect(peers.length).toBeGreaterThan(1);
      const [first, second] = peers;
      await page.locator(`[data-row="${second.runId}"]`).focus();
      await page.keyboard.press("K");
      await page.getByText(/It is 1 of \d+ of its user's now/).waitFor();
      // Numbers alone are written down now and then.
      await expect
        .poll(async () => {
          await pass(api, furnished.passes);
          return (await rowsOf(page)).filter((id) => id === first.runId || id === second.runId);
        })
        .toEqual([second.runId, first.runId]);
    });
  },
);

const focusedRow = (page: Stage["page"]): Promise<string | null | undefined> =>
  page.evaluate(() => document.activeElement?.getAttribute("data-row"));
const rowsOf = (page: Stage["page"]): Promise<(string | null)[]> =>
  page.locator("[data-row]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-row")));

/** Whether two runs wait in one order of their user's. */
const isPeer = (a: QueueEntry, b: QueueEntry): boolean => a.user === b.user && a.class === b.class;
