import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { freshDatabase } from "../servers/postgres.ts";
import { checkOut, hasCommit, previousCommit, removeCheckout, today } from "./checkout.ts";
import { readContents } from "./contents.ts";
import { Deployment } from "./deployment.ts";
import { Rest, type RunResource } from "./rest.ts";
import { ended, submitGraph, submitExperiment, writeInputs, writeOther, type Inputs } from "./writing.ts";

const skipReason = `the repository's history does not hold ${previousCommit.slice(0, 7)}; it may be a shallow clone`;

/** The tests start processes of two checkouts and wait for what they compute. */
const patience = 900_000;

describe("a service of the previous version", () => {
  let checkout: string;
  let folder: string;
  let deployment: Deployment;
  let rest: Rest;
  let inputs: Inputs;
  let before: Awaited<ReturnType<typeof readContents>>;
  /** Runs that no worker had begun when the previous version stopped. */
  let queued: string[];
  /** An experiment of which no run had begun. */
  let waiting: string;

  const known = hasCommit(previousCommit);
  const needsHistory = (context: TestContext) => context.skip(!known, skipReason);

  beforeAll(async () => {
    if (!known) return;
    checkout = checkOut(previousCommit);
    folder = await mkdtemp(join(tmpdir(), "espalier-upgrade-"));
    deployment = new Deployment(await freshDatabase(), folder);
    const api = await deployment.api(checkout);
    rest = new Rest(api.url, deployment.key);
    const worker = await deployment.worker(checkout, "previous");
    expect(worker.registered, worker.log()).toBe(true);
    inputs = await writeInputs(rest, join(checkout, "apps/cli/demo"));
    await succeeded((await submitExperiment(rest, inputs)).runIds);
    await worker.stop();
    await writeOther(rest, inputs);
    queued = await submitGraph(rest, inputs);
    waiting = (await submitExperiment(rest, inputs)).id;
    before = await readContents(rest);
    await api.stop();
  }, patience);

  afterAll(async () => {
    await deployment?.close();
    if (checkout !== undefined) removeCheckout(checkout);
    // The computations of a worker that was killed end by themselves, and write until they have.
    if (folder !== undefined)
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });

  async function succeeded(ids: readonly string[]): Promise<void> {
    const runs: RunResource[] = [];
    for (const id of ids) runs.push(await ended(rest, id));
    expect(runs.filter(({ state }) => state !== "SUCCEEDED")).toEqual([]);
  }

  it(
    "migrates without loss: today's API shows all that it held, with the same bytes",
    async (context) => {
      needsHistory(context);
      const { url } = await deployment.api(today);
      rest = new Rest(url, deployment.key);
      const after = await readContents(rest);
      expect(after).toMatchObject(before);
      for (const noun of ["models", "datasets", "experiments", "schedules", "runs", "teams"] as const)
        expect(Object.keys(after[noun]).sort(), noun).toEqual(Object.keys(before[noun]).sort());
      await rest.post(`/experiments/${waiting}/cancel`);
    },
    patience,
  );

  it(
    "has workers that are served, or refused in words that say what to do",
    async (context) => {
      needsHistory(context);
      const worker = await deployment.worker(checkout, "previous");
      if (worker.registered) {
        const spec = { kind: "prune", model: inputs.model, layers: 1 };
        const { id } = await rest.post("/runs", { spec });
        await succeeded([id]);
        expect(await worker.stop()).toBe(0);
        return;
      }
      expect(worker.log()).toMatch(/does not take this worker: it speaks protocol \d+, the service \d+/);
      expect(worker.log()).toContain("Update the worker");
      expect((await rest.all<RunResource>("/workers")).filter(({ state }) => state === "ACTIVE")).toEqual([]);
    },
    patience,
  );

  it(
    "has queued runs of every kind that today's worker brings to their end",
    async (context) => {
      needsHistory(context);
      const worker = await deployment.worker(today, "today");
      expect(worker.registered, worker.log()).toBe(true);
      await succeeded(queued);
    },
    patience,
  );
});
