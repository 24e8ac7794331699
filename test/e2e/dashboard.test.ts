import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { startPostgres, type PostgresServer } from "../servers/postgres.ts";
import { violationsOf } from "./axe.ts";
import { complaintsOf, noChromium, openBrowser, signIn } from "./browser.ts";
import { furnish, type Furnished } from "./furnish.ts";
import { pass } from "./pass.ts";

describe.skipIf(noChromium)(
  `the dashboard in a browser${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let server: PostgresServer;
    let api: TestApi;
    let furnished: Furnished;
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      server = await startPostgres();
      api = await startTestApi({ dashboard: readDashboard(), basePath: "/espalier/" }, server.url);
      furnished = await furnish(api);
      browser = await openBrowser();
      context = await browser.newContext();
      const { text } = await api.store.teams.createKey(api.store.teamId, {
        name: "ops",
        user: "ada",
        role: "admin",
        operator: true,
      });
      page = await signIn(context, `${api.url}/espalier/`, text);
      complaints = complaintsOf(page);
    });
    afterAll(async () => {
      await browser?.close();
      await api?.close();
      await server?.remove();
    });
    const to = (path: string): Promise<unknown> => page.goto(`${api.url}/espalier/${path}`);
    const live = (): Promise<void> => page.getByRole("banner").getByText("live", { exact: true }).waitFor();

    it("refuses a key that is none, and says what is wrong with it", async () => {
      const other = await (await browser.newContext()).newPage();
      await other.goto(`${api.url}/espalier/runs`);
      await other.getByLabel("API key").fill("esp_nothing");
      await other.getByRole("button", { name: "Sign in" }).click();
      await other.getByRole("alert").waitFor();
      expect(await other.getByRole("alert").textContent()).toContain("auth/required");
      await other.context().close();
    });

    it("shows all devices with what they compute, and drains a worker with a reason", async () => {
      await page.getByRole("row", { name: /gpu-2 cuda:3.*busy/ }).waitFor();
      await page.getByRole("button", { name: "Drain gpu-1" }).click();
      await page.getByLabel("Reason, which others read").fill("new driver");
      await page.getByRole("dialog").getByRole("button", { name: "Drain", exact: true }).click();
      await page.getByRole("row", { name: /gpu-1.*draining.*new driver/ }).waitFor();
      await expect
        .poll(() => page.evaluate(() => document.activeElement?.closest("tr")?.textContent))
        .toContain("gpu-1");
      await page.getByRole("button", { name: "Resume gpu-1" }).click();
      await page.getByRole("row", { name: /^gpu-1 active/ }).waitFor();
    });

    it("shows progress and ends as they happen, in every tab by one stream", async () => {
      await to(`runs/${furnished.trainingId}`);
      await live();
      const second = await context.newPage();
      await second.goto(`${api.url}/espalier/runs/${furnished.trainingId}`);
      const { lease } = furnished.claims.get(furnished.trainingId)!;
      await api.store.beat(lease, { phase: "train", done: 930, total: 1000, unit: "steps" });
      for (const each of [page, second]) await each.getByRole("main").getByText("93 %").waitFor();
      await second.close();
      await page.getByText("checkpoint of step 620 saved").waitFor();
      await page.getByRole("figure", { name: /^loss/ }).locator("canvas").waitFor();
      expect(await page.getByRole("figure").count()).toBeGreaterThan(1);
    });

    it("says why a run failed, and retries it", async () => {
      await to(`runs/${furnished.failedId}`);
      await page.getByRole("region", { name: "Why it ended" }).getByText("training/diverged").waitFor();
      await page.getByRole("button", { name: "Retry" }).click();
      await page.getByRole("main").getByText("queued", { exact: true }).waitFor();
      expect((await api.store.runs.get(api.store.teamId, furnished.failedId)).state).toBe("QUEUED");
      await pass(api, furnished.passes);
    });

    it("cancels chosen runs by the keyboard alone, after a question", async () => {
      await to("queue");
      await page
        .getByRole("row", { name: /sweep.*smollm2-135m/ })
        .first()
        .waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("x");
      await page.getByText("1 chosen").waitFor();
      await page.keyboard.press("c");
      await page.getByRole("dialog").getByText("Cancel 1 run?").waitFor();
      await page.getByRole("dialog").getByRole("button", { name: "Cancel", exact: true }).press("Enter");
      await page.getByText("1 of 1 done.").waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("r");
      await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
      await page.getByRole("row", { name: /cancelled.*by ada/ }).waitFor();
      expect(new URL(page.url()).pathname).toBe("/espalier/runs");
    });

    it("chooses a depth by arrow keys", async () => {
      await to(`searches/${furnished.searchId}`);
      await page.getByRole("slider").press("ArrowLeft");
      await page.getByRole("heading", { name: "With 22 layers" }).waitFor();
      expect(await page.getByLabel("Command", { exact: true }).textContent()).toContain("--keep 22");
    });

    it.each(["light", "dark"] as const)(
      "has no page that breaks a rule of axe, %s",
      async (colorScheme) => {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        const found: Record<string, string[]> = {};
        const { experimentId, searchId, trainingId, failedId } = furnished;
        const paths = [
          "",
          "queue",
          "runs",
          `runs/${trainingId}`,
          `searches/${searchId}`,
          "experiments",
          `experiments/${experimentId}`,
          `compare?runs=${trainingId},${failedId}`,
          "models",
          `models/${api.spec.modelId}`,
          "datasets",
          "admin",
          "nowhere",
        ];
        for (const path of paths) {
          await to(path);
          await page.getByRole("heading", { level: 1 }).waitFor();
          await page.waitForFunction(() => document.querySelector("[role=status] .said") === null);
          const violations = await violationsOf(
            page,
            colorScheme === "dark" ? ["color-contrast"] : undefined,
          );
          if (violations.length > 0) found[path] = violations;
        }
        expect(found).toEqual({});
      },
      300_000,
    );

    it("keeps what it has, dimmed and with its age, while the database is away, and goes on when it is back", async () => {
      await to("queue");
      await live();
      const row = page.getByRole("row", { name: /sweep.*smollm2-135m/ }).first();
      await row.waitFor();
      await server.stop();
      await page.getByRole("alert").getByText("service/unavailable").first().waitFor({ timeout: 60_000 });
      await page.getByText(/What follows is from/).waitFor();
      expect(await row.isVisible()).toBe(true);
      await server.start();
      await page.getByText(/What follows is from/).waitFor({ state: "detached", timeout: 60_000 });
      await live();
    });

    it("never broke its own policy", () => expect(complaints).toEqual([]));
  },
);
