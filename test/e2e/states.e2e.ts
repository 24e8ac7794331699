import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { complaintsOf, noChromium, signIn } from "./browser.ts";
import { lists, pagesOf, settle } from "./pages.ts";
import { emptyTeamKey, openStage, type Stage } from "./stage.ts";

describe.skipIf(noChromium)(
  `the states of every page${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let stage: Stage;
    beforeAll(async () => void (stage = await openStage()));
    afterAll(() => stage?.close());

    it("empty: each says what would be there, with the line that makes it and a button", async () => {
      const { api, browser } = stage;
      const context = await browser.newContext();
      const page = await signIn(context, api.url, await emptyTeamKey(api));
      const complaints = complaintsOf(page);
      for (const [path, line, button] of [
        ["queue", "espalier experiment submit", "Submit an experiment"],
        ["runs", "espalier run submit", "Begin with an experiment"],
        ["models", "espalier model import", "Import a model"],
        ["datasets", "espalier dataset add", "Add a dataset"],
      ] as const) {
        await page.goto(`${api.url}/${path}`);
        await settle(page);
        // A queue is the pool's: of other teams' runs there are places.
        if (path === "queue") await page.getByRole("button", { name: "Only your team's" }).click();
        await page.getByRole("main").getByRole("button", { name: button }).last().waitFor();
        expect(await page.getByLabel("Command", { exact: true }).textContent()).toContain(line);
      }
      await page.goto(`${api.url}/experiments`);
      await page
        .getByText("An experiment needs a model, triplets and an evaluation set first.")
        .first()
        .waitFor();
      expect(await page.getByLabel("Command", { exact: true }).textContent()).toContain("experiment submit");
      expect(complaints).toEqual([]);
      await context.close();
    });

    it("loading: the title stands, and what comes has its height", async () => {
      const { page, to } = stage;
      // Who has signed in is known; the lists were never asked for.
      await to("nowhere");
      await settle(page);
      const locker = await lockerOf(stage);
      try {
        for (const name of ["Queue", "Runs", "Experiments", "Models"]) {
          await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
          await page.getByRole("heading", { level: 1, name }).waitFor();
          const status = page.getByRole("main").getByRole("status").filter({ hasText: "Loading" }).first();
          await status.waitFor();
          const box = await status.boundingBox();
          expect(box!.height, name).toBeGreaterThan(100);
        }
      } finally {
        await locker.end();
      }
      await settle(page);
      expect(await page.getByRole("row").count()).toBeGreaterThan(1);
    });

    it("error: every page keeps its title and says the code, what happened, and what to do; then it goes on", async () => {
      const { page, server, to } = stage;
      const go = (name: string) =>
        page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
      // What is never asked for before the database goes away cannot be shown; the programs of the pages can.
      await to("");
      for (const name of lists) {
        await go(name);
        await settle(page);
      }
      await server.stop();
      try {
        for (const name of lists) {
          await go(name);
          await page.getByRole("heading", { level: 1, name }).waitFor();
          const alert = page
            .getByRole("main")
            .getByRole("alert")
            .filter({ hasText: "service/unavailable" })
            .first();
          await alert.waitFor({ timeout: 90_000 });
          const text = (await alert.textContent())!;
          expect(text, name).toMatch(/The database|does not answer|again/);
          expect(text, name).toMatch(/request/);
          expect(await alert.getByRole("button", { name: "Try again" }).count(), name).toBe(1);
        }
      } finally {
        await server.start();
      }
      await page.getByRole("main").getByRole("alert").first().waitFor({ state: "detached", timeout: 90_000 });
    });

    it("one part that fails leaves the rest of its page", async () => {
      const { page, api, furnished, to } = stage;
      // A run without its timeline: the table is gone for as long as the page loads.
      await api.store.sql("alter table audit rename to audit_away");
      try {
        await to(`runs/${furnished.trainingId}`);
        await page.getByRole("region", { name: "Timeline" }).getByRole("alert").waitFor({ timeout: 60_000 });
        await page.getByText("checkpoint of step 620 saved").waitFor();
        await page.getByRole("figure", { name: /^loss/ }).waitFor();
        await page.getByRole("region", { name: "Settings" }).waitFor();
        expect(await page.getByRole("main").getByRole("alert").count()).toBe(1);
      } finally {
        await api.store.sql("alter table audit_away rename to audit");
      }
    });

    it("furnished: every page shows what there is and complains of nothing", async () => {
      const { page, api, furnished, complaints, to } = stage;
      for (const path of Object.values(pagesOf(api, furnished))) {
        await to(path);
        await settle(page);
        // Nobody reads the bytes of this service's datasets.
        const broken = await page.getByText("This part of the page broke").count();
        expect(broken, path).toBe(0);
      }
      expect(complaints).toEqual([]);
    });
  },
);

/** Holds what the lists read, so that they load for as long as a test wants. */
async function lockerOf({ api, server }: Stage): Promise<pg.Client> {
  const [{ name }] = await api.store.sql<{ name: string }>("select current_database() as name");
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query("begin");
  await client.query("lock table run, model, experiment, dataset in access exclusive mode");
  return client;
}
