import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { newApiKey } from "@espalier/contract";
import { testSecret } from "../servers/store.ts";
import { until } from "../chaos/patience.ts";

/** A process of one of two checkouts, and what it has logged. */
export interface Started {
  process: ChildProcess;
  log: () => string;
  /** Asks it to stop, waits until it has, and returns its exit code. */
  stop: () => Promise<number | null>;
}

/** What APIs and workers of any checkout share: a database, a folder of bytes and a key. */
export class Deployment {
  readonly key = newApiKey();
  readonly #environment: Record<string, string>;
  readonly #started: Started[] = [];

  constructor(databaseUrl: string, folder: string) {
    this.#environment = {
      DATABASE_URL: databaseUrl,
      ESPALIER_DATA: join(folder, "data"),
      ESPALIER_SCRATCH: join(folder, "scratch"),
      ESPALIER_SECRET: testSecret,
      ESPALIER_BOOTSTRAP_KEY: this.key,
      ESPALIER_PORT: "0",
      ESPALIER_DEVICES: "cpu",
      // No hub is reached from here.
      HF_ENDPOINT: "http://127.0.0.1:1",
    };
  }

  /** Starts the API of a checkout; resolves with its address when it answers. */
  async api(root: string): Promise<Started & { url: string }> {
    const api = this.start(root, "apps/api/src/main.ts");
    const address = () => /"url":"([^"]+)"[^\n]*"msg":"ready"/.exec(api.log())?.[1];
    await until("the API is ready", () => {
      if (api.process.exitCode !== null) throw new Error(`the API ended:\n${api.log()}`);
      return address() !== undefined;
    });
    return { ...api, url: address()! };
  }

  /** Starts the worker of a checkout; resolves when it has registered, or has ended without. */
  async worker(root: string, name: string): Promise<Started & { registered: boolean }> {
    const worker = this.start(root, "apps/worker/src/main.ts", { ESPALIER_WORKER_NAME: name });
    const registered = () => worker.log().includes("worker registered");
    await until("the worker has registered or ended", () => registered() || worker.process.exitCode !== null);
    return { ...worker, registered: registered() };
  }

  start(root: string, module: string, environment: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, ["--import", "tsx", module], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...this.#environment, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (process.env.ESPALIER_TEST_LOG) process.stderr.write(chunk);
      });
    const ended = once(child, "exit");
    const started: Started = {
      process: child,
      log: () => text,
      async stop() {
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
        await ended;
        return child.exitCode;
      },
    };
    this.#started.push(started);
    return started;
  }

  async close(): Promise<void> {
    for (const { process: child } of this.#started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
}
