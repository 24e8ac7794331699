import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@espalier/contract";
import { identify, programArguments, waitForEnd } from "@espalier/process";
import { repository } from "../repository.ts";
import { lockFolder } from "./lock.ts";
import { freePort } from "./port.ts";
import { preparePostgres } from "./postgres.ts";
import { Service, type ServiceSpec } from "./service.ts";
import { isOwnApi } from "./own-api.ts";
import {
  apiRole,
  databaseUrlOf,
  keyOf,
  makeFolder,
  newToken,
  ownerRole,
  readState,
  workerRole,
  writeState,
  type StackState,
} from "./state.ts";

export interface StackOptions {
  /** Everything the stack keeps is in here. */
  folder: string;
  /** Port of the API; default: the one of the last start, 7070, or any free one. */
  port?: number | undefined;
  /** Environment that the processes get, beside their own settings. */
  environment: NodeJS.ProcessEnv;
  /** Aborting it during the start ends what has started. */
  signal: AbortSignal;
  say: (line: string) => void;
}

export interface Stack {
  url: string;
  key: string;
  folder: string;
  /** Process number of a part that runs. */
  pid(part: "postgres" | "api" | "worker"): number | undefined;
  /** Ends worker, API and database, in this order. */
  stop(): Promise<void>;
  /** Deletes everything that a stopped stack kept. */
  remove(): void;
}

const appHost = fileURLToPath(new URL("app-host/main.ts", import.meta.url));
const defaultPort = 7070;

/**
 * Starts Postgres, the API and one worker on loopback, and keeps them running until `stop`. The folder belongs to one
 * stack at a time; its data survives every way of ending.
 */
export async function startStack({
  folder: given,
  port,
  environment,
  signal,
  say,
}: StackOptions): Promise<Stack> {
  const folder = resolve(given);
  makeFolder(folder);
  const unlock = lockFolder(folder);
  const services: [string, Service][] = [];
  const stop = async (): Promise<void> => {
    for (const [, service] of services.toReversed()) await service.stop();
    unlock();
  };
  try {
    const state = readState(folder);
    await endLeftovers(state);
    const key = keyOf(folder);
    const databasePort = await freePort(state.databasePort);
    const apiPort = await freePort(port, state.apiPort, defaultPort);
    // Whoever names a port has told others to look there.
    if (port !== undefined && apiPort !== port)
      throw Object.assign(new Error(`port ${port} is taken`), {
        code: "EADDRINUSE",
        address: "127.0.0.1",
        port,
      });
    const postgres = preparePostgres({
      folder,
      home: state.databaseFolder,
      port: databasePort,
      password: state.databasePassword,
      logins: {
        [ownerRole]: state.ownerPassword,
        [apiRole]: state.apiPassword,
        [workerRole]: state.workerPassword,
      },
      say,
    });
    const url = `http://127.0.0.1:${apiPort}`;
    const instance = newToken();
    Object.assign(state, {
      url,
      instance,
      apiPort,
      databasePort,
      databaseFolder: postgres.home,
      processes: {},
    });
    writeState(folder, state);

    const start = async (name: string, spec: Omit<ServiceSpec, "name" | "log">): Promise<void> => {
      const service = new Service(
        { ...spec, name, log: join(folder, "logs", `${name}.log`) },
        {
          root: repository,
          say,
          started(pid) {
            const identity = pid === undefined ? undefined : identify(pid);
            if (identity) state.processes[name] = identity;
            else delete state.processes[name];
            writeState(folder, state);
          },
        },
      );
      services.push([name, service]);
      await service.start(signal);
      signal.throwIfAborted();
    };
    await start("postgres", { ...postgres.service, env: bare(environment) });
    const { secret, ownerPassword, apiPassword, workerPassword } = state;
    const databases = {
      owner: databaseUrlOf(databasePort, ownerPassword, ownerRole),
      api: databaseUrlOf(databasePort, apiPassword, apiRole),
      worker: databaseUrlOf(databasePort, workerPassword, workerRole),
    };
    for (const spec of apps({ folder, url, key, apiPort, databases, secret, instance, environment }))
      await start(spec.name, spec);
    const pid = (part: string) => services.find(([name]) => name === part)?.[1].pid;
    const remove = (): void => {
      for (const place of [postgres.home, folder]) rmSync(place, { recursive: true, force: true });
    };
    return { url, key, folder, pid, stop, remove };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface AppOptions {
  folder: string;
  url: string;
  key: string;
  apiPort: number;
  /** One URL of the database for each user. */
  databases: Record<"owner" | "api" | "worker", string>;
  secret: string;
  instance: string;
  environment: NodeJS.ProcessEnv;
}

/** The API, which migrates the database, and a worker. Their settings are read in each app's `config.ts`. */
function apps({ folder, url, key, apiPort, databases, secret, instance, environment }: AppOptions) {
  const command = (app: string) => [
    ...programArguments(appHost),
    programArguments(join(repository, "apps", app, "src", "main.ts")).at(-1)!,
  ];
  const env = {
    ...bare(environment),
    ESPALIER_DATA: join(folder, "data"),
    ESPALIER_SECRET: secret,
    ESPALIER_LOG_LEVEL: environment["ESPALIER_LOG_LEVEL"] ?? "info",
  };
  const client = createClient({ url, key });
  return [
    {
      name: "api",
      command: command("api"),
      env: {
        ...env,
        DATABASE_URL: databases.api,
        ESPALIER_DATABASE_OWNER_URL: databases.owner,
        ESPALIER_WORKER_DATABASE_URL: databases.worker,
        ESPALIER_HOST: "127.0.0.1",
        ESPALIER_PORT: String(apiPort),
        ESPALIER_BOOTSTRAP_KEY: key,
        ESPALIER_INSTANCE: instance,
      },
      ready: async () => (await isOwnApi(url, instance)) && (await fetch(`${url}/readyz`)).ok,
    },
    {
      name: "worker",
      command: command("worker"),
      env: {
        ...env,
        DATABASE_URL: databases.worker,
        ESPALIER_WORKER_NAME: "local",
        ESPALIER_SCRATCH: join(folder, "scratch"),
      },
      // The API may have ended meanwhile, and another one may have its port.
      ready: async () =>
        (await isOwnApi(url, instance)) &&
        (await client.workers.list()).items.some(({ state }) => state === "ACTIVE"),
    },
  ];
}

/** The environment without what would point Postgres or the apps at other servers. */
function bare(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign =
    /^(PG[A-Z]+|DATABASE_URL|REDIS_URL|ESPALIER_(URL|KEY|(WORKER_)?DATABASE(_SESSION|_OWNER)?_URL|HOST|PORT|SECRET|INSTANCE|BOOTSTRAP_KEY))$/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !foreign.test(name)));
}

/** After a SIGKILL the parts end by themselves; a start right then waits for them, and kills what hangs. */
async function endLeftovers(state: StackState): Promise<void> {
  for (const identity of Object.values(state.processes)) {
    if (await waitForEnd(identity, 15)) continue;
    process.kill(identity.pid, "SIGKILL");
    await waitForEnd(identity, 5);
  }
}
