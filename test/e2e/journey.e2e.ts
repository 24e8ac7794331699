import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endUp, startUp, type Up } from "../../apps/cli/src/stack/testing/up.ts";
import { demoModel, demoTriplets, espalier } from "../../apps/cli/src/testing/espalier.ts";
import { complaintsOf, noChromium, openBrowser, signIn } from "./browser.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const demoSts = join(root, "apps/cli/demo/sts.jsonl");

/** The whole stack as `npm start` runs it, with the demo's model and data: everything computes. */
describe.skipIf(noChromium)(
  `the first hour in a browser${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let folder: string;
    let up: Up;
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "espalier-journey-"));
      up = await startUp(root, folder);
      browser = await openBrowser();
      context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      page = await signIn(context, up.url, up.key);
      complaints = complaintsOf(page);
    }, 180_000);
    afterAll(async () => {
      await browser?.close();
      if (up) await endUp(up, "SIGTERM");
      if (folder) await rm(folder, { recursive: true, force: true });
    });
    const go = (name: string): Promise<void> =>
      page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
    const dialog = () => page.getByRole("dialog");

    it("brings a model by the command line and data by the browser", async () => {
      const environment = { ESPALIER_URL: up.url, ESPALIER_KEY: up.key };
      const imported = await espalier(["model", "import", demoModel, "--name", "demo"], { environment });
      expect(imported.code, imported.err).toBe(0);
      await go("Models");
      await page.getByRole("row", { name: /demo.*ready/ }).waitFor();
      await go("Data");
      for (const [kind, file, name] of [
        ["triplets", demoTriplets, "triplets"],
        ["sts", demoSts, "sts"],
      ] as const) {
        await page.getByRole("button", { name: "Add a dataset" }).first().click();
        await dialog().getByLabel("File").setInputFiles(file);
        await dialog().getByLabel("Kind").selectOption(kind);
        await dialog().getByRole("button", { name: "Upload" }).click();
        await page.getByRole("heading", { level: 1, name }).waitFor();
        await page.getByRole("table").getByRole("row").nth(3).waitFor();
        await go("Data");
      }
    });

    it("says what is wrong with a file, line by line, and keeps the question open", async () => {
      await page.getByRole("button", { name: "Add a dataset" }).first().click();
      const bad = { name: "bad.jsonl", mimeType: "application/json", buffer: Buffer.from('{"query": 1}\n') };
      await dialog().getByLabel("File").setInputFiles(bad);
      await dialog().getByRole("button", { name: "Upload" }).click();
      await dialog().getByRole("alert").waitFor();
      expect(await dialog().getByRole("alert").textContent()).toMatch(/dataset\/|request\//);
      // The lines that can be read may stand alone, and the others are listed.
      const good = '{"query": "a", "positive": "b"}\n'.repeat(2);
      const buffer = Buffer.from(`${good}{"query": 1}\n`);
      await dialog()
        .getByLabel("File")
        .setInputFiles({ ...bad, name: "mixed.jsonl", buffer });
      await dialog()
        .getByLabel(/Leave out lines/)
        .check();
      await dialog().getByRole("button", { name: "Upload" }).click();
      await page.getByRole("heading", { level: 1, name: "mixed" }).waitFor();
      const left = page.getByRole("region", { name: "Lines that were left out" });
      await left.getByRole("row", { name: /^3 / }).waitFor();
    });

    it("submits an experiment, follows it live, and shows its report", async () => {
      await go("Experiments");
      await page.getByRole("button", { name: "New experiment" }).first().click();
      await dialog().getByLabel("Name").fill("first");
      // The newest data is what the test before has added, and too little.
      const { items } = await up.client.datasets.list({ limit: 50 });
      const { id } = items.find(({ name }) => name === "triplets")!;
      await dialog().getByLabel("Trained on").selectOption(id);
      await dialog().getByRole("checkbox", { name: /^sts/ }).check();
      await dialog().getByLabel("Variants").fill("none, 50%");
      await dialog().getByLabel("Steps of training").fill("6");
      await dialog().getByRole("button", { name: "Submit" }).click();
      await page.getByRole("heading", { level: 1, name: "first" }).waitFor();
      await page.getByRole("main").getByText("running", { exact: true }).first().waitFor();
      await page.getByText(/%, \d+ of \d+ runs ended/).waitFor();
      // Nobody loads the page again: what comes, comes by events.
      await page
        .getByRole("main")
        .locator("header")
        .getByText("succeeded", { exact: true })
        .waitFor({ timeout: 240_000 });
      const row = page.getByRole("region", { name: "Variants" }).getByRole("row", { name: /^50%/ });
      expect(await row.textContent()).toMatch(/±/);
      await page.getByRole("figure", { name: /^Score by layers/ }).waitFor();
    });

    it("promotes the variant that passes a rule, and says why none passes another", async () => {
      const costs = page.getByRole("region", { name: "What pruning costs" });
      await costs.getByRole("figure", { name: /^Against none/ }).waitFor();
      await costs.getByRole("button", { name: "Promote" }).click();
      await dialog().getByLabel("When").fill("Δ ≥ 99");
      await dialog().getByRole("button", { name: "Promote" }).click();
      await dialog()
        .getByText(/Nothing is promoted by Δ ≥ 99\. 50%: Δ is .*, below 99/)
        .waitFor();
      await dialog().getByLabel("When").fill("Δ ≥ -99 and size ≤ 90 %");
      await dialog().getByRole("button", { name: "Promote" }).click();
      await page.waitForURL(/\/models\/mdl_/);
      await page.getByText(/^as 50% of its experiment, at -?\d/).waitFor();
      await go("Models");
      await page.getByRole("row", { name: /promoted/ }).waitFor();
      const { items } = await up.client.models.list({ limit: 50 });
      expect(items.flatMap(({ promotion }) => (promotion ? [promotion.variant] : []))).toEqual(["50%"]);
    });

    it("cancels a run that computes, says who did, and retries it", async () => {
      const { items } = await up.client.runs.list({ kind: "train", limit: 10 });
      const { spec } = items[0];
      if (spec.kind !== "train") throw new Error("no training");
      const long = await up.client.runs.submit({
        name: "long",
        spec: { ...spec, name: "long", settings: { ...spec.settings, steps: 5_000 } },
      });
      await page.goto(`${up.url}/runs/${long.id}`);
      const lead = page.getByRole("main").locator("header");
      await lead.getByText("running", { exact: true }).waitFor({ timeout: 60_000 });
      await page.getByRole("main").getByRole("log").waitFor();
      await page.getByRole("progressbar").first().waitFor();
      await lead.getByRole("button", { name: "Cancel" }).click();
      await lead.getByText("cancelled", { exact: true }).waitFor({ timeout: 60_000 });
      await lead.getByText(/cancelled by/).waitFor();
      await lead.getByRole("button", { name: "Retry" }).click();
      await lead.getByText("running", { exact: true }).waitFor({ timeout: 60_000 });
      await page.getByRole("region", { name: "Timeline" }).getByText("It was queued again.").waitFor();
      await lead.getByRole("button", { name: "Cancel" }).click();
      await lead.getByText("cancelled", { exact: true }).waitFor({ timeout: 60_000 });
      expect(await up.client.runs.get(long.id)).toMatchObject({ state: "CANCELLED", attempt: 2 });
    });

    it("compares the trainings of two variants: what differs first, then their losses over each other", async () => {
      await page.goto(`${up.url}/runs?kind=train&state=SUCCEEDED`);
      const boxes = page.getByRole("checkbox", { name: /^Choose train/ });
      await expect.poll(() => boxes.count()).toBe(2);
      for (const box of await boxes.all()) await box.check();
      await page.getByRole("button", { name: "Compare" }).click();
      await page.getByRole("heading", { level: 1, name: "Compare" }).waitFor();
      await page.getByRole("rowheader", { name: "model", exact: true }).waitFor();
      await page.getByRole("figure", { name: /^loss/ }).locator("canvas").waitFor();
      await page.getByRole("button", { name: "by tokens" }).click();
      expect(await page.getByRole("figure", { name: /^loss/ }).locator("canvas").count()).toBe(1);
    });

    it("exports a trained model, whose files can be had from its run", async () => {
      const { items } = await up.client.runs.list({ kind: "train", state: "SUCCEEDED", limit: 1 });
      const { result } = items[0];
      const modelId = result && "modelId" in result ? result.modelId : undefined;
      await page.goto(`${up.url}/models/${modelId}`);
      await page
        .getByRole("region", { name: "Lineage" })
        .getByRole("link", { name: "demo", exact: true })
        .waitFor();
      await page.getByRole("button", { name: "Export" }).click();
      await dialog().getByRole("button", { name: "Export" }).click();
      await page.waitForURL(/\/runs\/run_/);
      await page
        .getByRole("main")
        .locator("header")
        .getByText("succeeded", { exact: true })
        .waitFor({ timeout: 120_000 });
      const file = page
        .getByRole("region", { name: "Artifacts" })
        .getByRole("link", { name: /model\.safetensors/ });
      const [download] = await Promise.all([page.waitForEvent("download"), file.first().click()]);
      expect(await download.failure()).toBeNull();
    });

    it("shows why an export fails, and what would help", async () => {
      const { items } = await up.client.models.list({ limit: 50 });
      const demo = items.find(({ name }) => name === "demo")!;
      await page.goto(`${up.url}/models/${demo.id}`);
      await page.getByRole("button", { name: "Export" }).click();
      await dialog()
        .getByLabel(/transformers safetensors/)
        .uncheck();
      await dialog()
        .getByLabel(/the adapter alone/)
        .check();
      await dialog().getByRole("button", { name: "Export" }).click();
      const refused = dialog().getByRole("alert");
      const failed = page.getByRole("region", { name: "Why it ended" });
      await refused.or(failed).first().waitFor({ timeout: 120_000 });
      expect(await refused.or(failed).first().textContent()).toMatch(/adapter/i);
    });

    it("never broke its own policy", () => expect(complaints).toEqual([]));
  },
);
