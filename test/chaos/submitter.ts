import { openAsBlob } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createClient,
  isProblem,
  isTerminal,
  type Client,
  type Hold,
  type Metric,
  type PriorityClass,
  type Run,
  type RunState,
} from "@espalier/contract";
import { writeTinyModel } from "../../packages/model/src/testing/tiny-model.ts";
import type { History } from "./history.ts";
import { until } from "./patience.ts";
import { toTriplets, type Script } from "./trainer/script.ts";

export interface Training {
  steps: number;
  /** Steps between checkpoints; default 5. */
  every?: number;
  script?: Script;
  /** Default: the number of the submission. */
  seed?: number;
  /** Higher first. */
  priority?: number;
  class?: PriorityClass;
}

/** An answer that takes longer is given up, as a client would. */
const patienceMs = 10_000;

/**
 * The suite's client of the REST API. It goes on asking, at one API and then another and with the same key, until there is
 * an answer, and it writes down what it asked for and what was answered.
 */
export class Submitter {
  readonly #history: History;
  readonly #key: string;
  readonly #clients: Client[] = [];
  readonly #urls: string[] = [];
  readonly #datasets = new Map<string, string>();
  #modelId = "";
  #count = 0;
  #turn = 0;

  constructor({ key, history }: { key: string; history: History }) {
    this.#key = key;
    this.#history = history;
  }

  /** Another API. */
  add(url: string): void {
    this.#urls.push(url);
    this.#clients.push(
      createClient({
        url,
        key: this.#key,
        fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(patienceMs) }),
      }),
    );
  }

  async isReady(index: number): Promise<boolean> {
    const answer = await fetch(`${this.#urls[index]}/readyz`).catch(() => undefined);
    return answer?.ok ?? false;
  }

  /** What one API answers to a plain question, also when that is a refusal. */
  async answer(index: number): Promise<{ status: number; retryAfter: string | null }> {
    const response = await fetch(`${this.#urls[index]}/v1/runs?limit=1`, {
      headers: { authorization: `Bearer ${this.#key}` },
    });
    await response.body?.cancel();
    return { status: response.status, retryAfter: response.headers.get("retry-after") };
  }

  /** Brings in the model that all trainings start from. */
  async prepare(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "espalier-tiny-"));
    try {
      await writeTinyModel(folder);
      const { id: uploadId } = await this.#ask((client) => client.uploads.create());
      for (const name of await readdir(folder)) {
        const body = await openAsBlob(join(folder, name));
        await this.#ask((client) => client.uploads.putFile(uploadId, name, body));
      }
      const { model, run } = await this.#ask((client) =>
        client.models.create({ name: "tiny", uploadId, replace: true }),
      );
      this.#modelId = model.id;
      await this.reaches(run.id, "SUCCEEDED");
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Submits a training; resolves with its run's id once it is accepted. */
  async submit({ steps, every = 5, script = {}, seed, ...order }: Training): Promise<string> {
    const datasetId = await this.#dataset(script);
    const number = ++this.#count;
    const key = `chaos-${number}`;
    const settings = { steps, seed: seed ?? number, checkpointEvery: every, batchSize: 2 };
    this.#history.add({ type: "submit", key, seed: settings.seed, steps, script });
    const spec = { kind: "train" as const, model: this.#modelId, datasetId, settings, name: key };
    const run = await this.#ask(async (client) => {
      try {
        return await client.runs.submit({ spec, ...order }, { idempotencyKey: key });
      } catch (error) {
        this.#history.add({ type: "submitted", key, ...codeOf(error) });
        throw error;
      }
    });
    this.#history.add({ type: "submitted", key, runId: run.id });
    return run.id;
  }

  cancel(runId: string): Promise<RunState | undefined> {
    return this.#change("cancelled", runId, (client) => client.runs.cancel(runId));
  }

  retry(runId: string): Promise<RunState | undefined> {
    return this.#change("retried", runId, (client) => client.runs.retry(runId));
  }

  get(runId: string): Promise<Run> {
    return this.#ask((client) => client.runs.get(runId));
  }

  /** How many trainings there are, page by page. */
  async count(): Promise<number> {
    let [count, cursor] = [0, undefined as string | undefined];
    do {
      const after = cursor === undefined ? {} : { cursor };
      const page = await this.#ask((client) => client.runs.list({ kind: "train", limit: 100, ...after }));
      count += page.items.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
    return count;
  }

  /** Whether the pool counts on a worker. */
  async isActive(name: string): Promise<boolean> {
    const { items } = await this.#ask((client) => client.workers.list());
    return items.some((worker) => worker.name === name && worker.state === "ACTIVE");
  }

  /** Why each device of a worker takes no new run, as an operator is told. */
  async holds(name: string): Promise<Hold[]> {
    const { items } = await this.#ask((client) => client.workers.list());
    const worker = items.find((each) => each.name === name && each.state === "ACTIVE");
    return worker?.devices.flatMap(({ holds }) => holds) ?? [];
  }

  /** All points of a run that count. */
  async metrics(runId: string): Promise<Metric[]> {
    const points: Metric[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
      const page = await this.#ask((client) => client.runs.metrics(runId, query));
      points.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return points;
  }

  /** Follows the events of a run from now on, until one says that it is in a state. */
  async hears(runId: string, state: RunState): Promise<void> {
    const signal = AbortSignal.timeout(180_000);
    // The other client gives an answer ten seconds, and this one does not end.
    const client = createClient({ url: this.#urls[0], key: this.#key });
    for await (const event of client.runs.events(runId, signal))
      if (event.type === "run.state" && event.state === state) return;
    throw new Error(`no event said that ${runId} is ${state}`);
  }

  /** The newest lines of a run's log. */
  async logs(runId: string): Promise<string[]> {
    const page = await this.#ask((client) => client.runs.logs(runId, { limit: 200 }));
    return page.items.map(({ message }) => message);
  }

  /** Waits until a run has ended in whatever way. */
  async ends(runId: string): Promise<Run> {
    let run = await this.get(runId);
    await until(
      `${runId} has ended`,
      async () => {
        run = await this.get(runId);
        return isTerminal(run.state);
      },
      { ms: 200 },
    );
    return run;
  }

  async attempts(runId: string) {
    return (await this.#ask((client) => client.runs.attempts(runId))).items;
  }

  /** Waits until a run is in a state; rejects when it has ended in another. */
  async reaches(runId: string, state: RunState, seconds?: number): Promise<Run> {
    let run = await this.get(runId);
    await until(
      `${runId} is ${state}`,
      async () => {
        run = await this.get(runId);
        if (isTerminal(run.state) && run.state !== state)
          throw new Error(`${runId} is ${run.state}, not ${state}: ${JSON.stringify(run.problem)}`);
        return run.state === state;
      },
      { ms: 200, ...(seconds === undefined ? {} : { seconds }) },
    );
    return run;
  }

  /** Waits until some attempt has saved a step. */
  async saves(runId: string, step = 1): Promise<void> {
    await until(
      `${runId} saves step ${step}`,
      async () => (await this.attempts(runId)).some(({ checkpointStep = 0 }) => checkpointStep >= step),
      { ms: 200 },
    );
  }

  async #change(
    type: "cancelled" | "retried",
    runId: string,
    call: (client: Client) => Promise<Run>,
  ): Promise<RunState | undefined> {
    try {
      const { state } = await this.#ask(async (client) => {
        try {
          return await call(client);
        } catch (error) {
          // Whether it was done is not known: it may have been.
          if (isAway(error)) this.#history.add({ type, runId });
          throw error;
        }
      });
      this.#history.add({ type, runId, state });
      return state;
    } catch (error) {
      this.#history.add({ type, runId, ...codeOf(error) });
      if (isProblem(error) && error.code === "run/illegal-move") return undefined;
      throw error;
    }
  }

  async #dataset(script: Script): Promise<string> {
    const triplets = toTriplets(script);
    const known = this.#datasets.get(triplets);
    if (known !== undefined) return known;
    const { id } = await this.#ask((client) =>
      client.datasets.create({ name: "script", kind: "triplets", replace: true }, triplets),
    );
    this.#datasets.set(triplets, id);
    return id;
  }

  /** Asks one API after another until one answers; what is an answer, also a refusal, is final. */
  async #ask<T>(call: (client: Client) => Promise<T>, seconds = 180): Promise<T> {
    for (const end = performance.now() + seconds * 1000; ;) {
      try {
        return await call(this.#clients[this.#turn++ % this.#clients.length]);
      } catch (error) {
        if (!isAway(error) || performance.now() > end) throw error;
        await sleep(200);
      }
    }
  }
}

/** Nobody answered, or somebody who could not do it now. */
const isAway = (error: unknown): boolean =>
  isProblem(error) ? error.status >= 500 : error instanceof Error && error.name === "TimeoutError";

const codeOf = (error: unknown) => (isProblem(error) ? { code: error.code } : {});
