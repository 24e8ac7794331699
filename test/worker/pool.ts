import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isTerminal, leaseTimingOf, newId, type Run, type RunSpec } from "@espalier/contract";
import { architectureOf, openModel, truncateCheckpoint } from "@espalier/model";
import { programArguments } from "@espalier/process";
import { openDeliveryQueues } from "@espalier/queue";
import { locations, migrate, openStore, type Store } from "@espalier/store";
import { testSecret } from "../servers/store.ts";
import { startScheduler, type SchedulerOptions } from "../../apps/api/src/scheduler/scheduler.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const demo = join(root, "apps/cli/demo");
export const demoModel = join(demo, "model");
/** Losses are noticed after so long, instead of 45 s. */
const leaseSeconds = 20;

/** A worker process of a test, and what it logged. */
export interface TestWorker {
  process: ChildProcess;
  name: string;
  log: () => string;
}

/** A database, a queue, a scheduler and worker processes: the service without its REST API. */
export interface Pool {
  store: Store;
  teamId: string;
  /** Holds stored bytes and the workers' scratch. */
  folder: string;
  /** Starts a worker process. */
  launch(environment?: Record<string, string>): TestWorker;
  /** Starts a worker process, and waits until it has registered. */
  worker(environment?: Record<string, string>): Promise<TestWorker>;
  /** Process number of the compute process that a worker has started last. */
  childOf(worker: TestWorker): Promise<number>;
  importModel(directory: string, name?: string): Promise<{ modelId: string; run: Run }>;
  /** Imports the first layers of the demo's model, whose steps are short: for tests of what is around a computation. */
  importShallow(): Promise<string>;
  dataset(kind: "triplets" | "sts", lines: number): Promise<string>;
  submit(spec: RunSpec): Promise<Run>;
  /** Waits for a run to end; rejects with its problem unless it is in `state`. */
  end(runId: string, state?: Run["state"]): Promise<Run>;
  close(): Promise<void>;
}

export async function startPool(
  databaseUrl: string,
  options: Pick<SchedulerOptions, "policy"> = {},
): Promise<Pool> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-pool-"));
  const bytesRoot = join(folder, "data");
  await migrate(databaseUrl);
  const store = await openStore({
    databaseUrl,
    bytesRoot,
    secret: testSecret,
    lease: leaseTimingOf(leaseSeconds),
  });
  await store.dataFolder.claim();
  const queue = await openDeliveryQueues({ databaseUrl });
  const say = (...words: unknown[]) => {
    if (process.env.ESPALIER_TEST_LOG) console.error(...words);
  };
  const log = { debug: say, info: say, warn: say, error: say } as unknown as SchedulerOptions["log"];
  const scheduler = startScheduler({
    store,
    ring: ({ worker, ...delivery }) => queue.add(worker, delivery),
    log,
    passMs: 500,
    reconcileMs: 1_000,
    redeliverSeconds: 5,
    ...options,
  });
  const { id: teamId } = await store.teams.ensure("test");
  const workers: TestWorker[] = [];

  const pool: Pool = {
    store,
    teamId,
    folder,
    launch(environment = {}) {
      const name = environment.ESPALIER_WORKER_NAME ?? `worker-${workers.length + 1}`;
      const child = spawn(process.execPath, programArguments(join(root, "apps/worker/src/main.ts")), {
        cwd: root,
        env: {
          PATH: process.env.PATH,
          DATABASE_URL: databaseUrl,
          ESPALIER_DATA: bytesRoot,
          ESPALIER_SCRATCH: join(folder, "scratch"),
          ESPALIER_WORKER_NAME: name,
          ESPALIER_SECRET: testSecret,
          ESPALIER_LEASE_SECONDS: String(leaseSeconds),
          ...environment,
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let text = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
          if (process.env.ESPALIER_TEST_LOG) process.stderr.write(chunk);
        });
      const worker = { process: child, name, log: () => text };
      workers.push(worker);
      return worker;
    },
    async worker(environment = {}) {
      const worker = pool.launch(environment);
      await until(async () => {
        if (worker.process.exitCode !== null) throw new Error(`the worker ended:\n${worker.log()}`);
        return worker.log().includes("worker registered");
      });
      return worker;
    },
    async childOf(worker) {
      const find = () =>
        [...worker.log().matchAll(/"pid":\d+.*?"pid":(\d+),"msg":"compute process started"/g)].at(-1)?.[1];
      await until(async () => find() !== undefined);
      return Number(find());
    },
    async importModel(directory, name = "demo") {
      const { id: uploadId } = await store.uploads.create(teamId);
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      for (const file of files.map(({ parentPath, name }) => relative(directory, join(parentPath, name))))
        await store.uploads.putFile(teamId, uploadId, file, createReadStream(join(directory, file)));
      const checkpoint = await openModel(directory);
      await checkpoint.close();
      const architecture = architectureOf(checkpoint);
      const { model, run } = await store.models.register({ teamId, name, uploadId, architecture });
      return { modelId: model.id, run };
    },
    async importShallow() {
      const directory = join(folder, "shallow");
      await truncateCheckpoint(demoModel, directory, 4);
      const { modelId, run } = await pool.importModel(directory, "shallow");
      await pool.end(run.id);
      return modelId;
    },
    async dataset(kind, lines) {
      const text = await readFile(join(demo, `${kind}.jsonl`), "utf8");
      const rows = text.split("\n").slice(0, lines);
      const id = newId("dataset");
      const source = (async function* () {
        yield Buffer.from(`${rows.join("\n")}\n`);
      })();
      const stored = await store.bytes.put(locations.dataset(id, "rows.jsonl"), source);
      const input = { id, teamId, name: kind, kind, rows: rows.length, stored, replace: true };
      // The same rows are the same dataset.
      return (await store.datasets.register(input)).id;
    },
    submit: (spec) => store.runs.submit({ teamId, spec }),
    async end(runId, state = "SUCCEEDED") {
      let run = await store.runs.get(teamId, runId);
      await until(async () => {
        run = await store.runs.get(teamId, runId);
        return isTerminal(run.state);
      }, 110);
      if (run.state !== state) {
        const logs = workers.map((worker) => worker.log().slice(-4000)).join("\n");
        throw new Error(`the run is ${run.state}: ${JSON.stringify(run.problem)}\n${logs}`);
      }
      return run;
    },
    async close() {
      for (const { process: child } of workers) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill("SIGCONT");
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await scheduler.stop();
      await queue.close();
      await store.close();
      // Compute processes of the killed workers end by themselves, and write until they have.
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
  return pool;
}

/** Polls until `holds`; rejects after `seconds`. */
export async function until(holds: () => Promise<boolean>, seconds = 60): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !(await holds()); await sleep(50))
    if (performance.now() > end) throw new Error(`did not happen within ${seconds} s: ${holds.toString()}`);
}

/** Whether a process exists; one that has ended and was not yet waited for does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat !== undefined && !/\) Z /.test(stat);
}
