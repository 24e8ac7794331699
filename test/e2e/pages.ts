import type { Page } from "playwright-core";
import type { TestApi } from "../api/service.ts";
import type { Furnished } from "./furnish.ts";

/** Every page of the dashboard by its name, with an address at which a furnished service has something to show. */
export const pagesOf = (
  api: TestApi,
  { experimentId, searchId, trainingId, failedId, compared }: Furnished,
) =>
  ({
    pool: "",
    queue: "queue",
    runs: "runs",
    run: `runs/${trainingId}`,
    failed: `runs/${failedId}`,
    search: `searches/${searchId}`,
    experiments: "experiments",
    experiment: `experiments/${experimentId}`,
    compare: `compare?runs=${compared.join(",")}`,
    models: "models",
    model: `models/${api.spec.modelId}`,
    datasets: "datasets",
    dataset: `datasets/${api.spec.triplets}`,
    admin: "admin",
    nowhere: "nowhere",
  }) as const satisfies Readonly<Record<string, string>>;

/** Pages that list things, by what the bar calls them. */
export const lists = ["Pool", "Queue", "Runs", "Experiments", "Models", "Data", "Admin"] as const;

/** Waits until a page has its title and nothing on it loads any more. */
export async function settle(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForFunction(() => document.querySelector("main [role=status] .said") === null);
}

/** Asks for the light or the dark look, as a system does. */
export const schemes = ["light", "dark"] as const;

/** By how many pixels the page is wider than the screen. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
