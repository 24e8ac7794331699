import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import {
  engineNames,
  leaseTimingOf,
  leastFree,
  precisionMeanings,
  Problem,
  type EngineName,
  type LeaseTiming,
  type Precision,
} from "@espalier/contract";
import { readHubSettings, type HubSettings } from "./attempt/hub-settings.ts";
import { version } from "./version.ts";

/** Settings of a worker process, from its environment. */
export interface Config {
  /** DATABASE_URL: the PostgreSQL of the service. */
  databaseUrl: string;
  /** ESPALIER_DATABASE_SESSION_URL: the server itself, where DATABASE_URL is a pooler; for queues on PostgreSQL. */
  sessionUrl?: string;
  /** REDIS_URL: queues are on Redis; without it they are on PostgreSQL. */
  redisUrl?: string;
  /** ESPALIER_DATA: folder of the stored bytes, shared with the API. */
  dataFolder: string;
  /** ESPALIER_SCRATCH: folder of running attempts; best on the file system of the stored bytes. */
  scratchFolder: string;
  /** ESPALIER_WORKER_NAME; default: the host's name. One worker at a time has it. */
  name: string;
  /** ESPALIER_LOG_LEVEL; default `info`. */
  logLevel: string;
  /** ESPALIER_DEVICES: `all` (default), or a list such as `cpu,cuda:0,cuda:GPU-…,vulkan:0`. */
  devices: string;
  /** ESPALIER_ENGINE: the only one; default: all that compute on a device, and `auto` takes the fastest. */
  engine?: EngineName;
  /** ESPALIER_PRECISION of runs that ask for none, such as `bf16-math`, of engines that have it; default fp32. */
  precision?: Precision;
  /** ESPALIER_CACHE: where measured rates of engines are kept; default: `espalier` in the user's folder of caches. */
  cacheFolder: string;
  /** ESPALIER_LABELS, such as `zone=a,team-only=nlp`. */
  labels: Readonly<Record<string, string>>;
  /** ESPALIER_MIN_FREE_PERCENT of a GPU's memory, for an idle one to take a run; default 50. */
  leastFreePercent: number;
  /** ESPALIER_MIN_FREE_SCRATCH: what must be free for the scratch folder, or no run starts; bytes, default `leastFree.scratch`. */
  leastFreeScratch: number;
  /** ESPALIER_MIN_FREE_DATA: the same of the volume of the data folder; the APIs have the same setting. */
  leastFreeData: number;
  /** ESPALIER_THREADS of a compute process; default: one for each core. */
  threads?: number;
  /** ESPALIER_GRACE_SECONDS: time that a compute process gets for its last checkpoint on shutdown; default 6. */
  graceSeconds: number;
  /**
   * ESPALIER_STORAGE_SECONDS: a result that this host cannot store, while other workers take runs, waits at least so long before
   * its run is given back for them; default 120.
   */
  storageSeconds: number;
  /** ESPALIER_HUNG_SECONDS: a computation that is silent this long, and 20 times its median step, is ended; default 600. */
  hungSeconds: number;
  /** ESPALIER_LEASE_SECONDS: how long a worker may be silent before others take its runs; default 45, and the API's. */
  lease: LeaseTiming;
  /** ESPALIER_SECRET: the API's, which seals clients' hub tokens. */
  secret?: string;
  /** ESPALIER_SECRET_PREVIOUS, by commas: earlier ones, with which something may still be sealed. */
  previousSecrets: string[];
  hub: HubSettings;
  /** ESPALIER_MAX_FILE_BYTES of a file from the hub; default 64 GiB. */
  maxFileBytes: number;
  version: string;
  /** The environment of the programs that a worker starts. Connection strings and keys stay with the worker. */
  passedOn: Readonly<Record<string, string | undefined>>;
}

/** @throws {Problem} `request/invalid` naming the variable */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const required = (name: string): string => {
    const value = environment[name];
    if (value) return value;
    throw new Problem("request/invalid", `${name} is not set.`, { field: name });
  };
  const number = (name: string, least: number): number | undefined => {
    const text = environment[name];
    if (text === undefined || text === "") return undefined;
    const value = Number(text);
    if (Number.isFinite(value) && value >= least) return value;
    throw new Problem("request/invalid", `${name} is "${text}"; give a number of at least ${least}.`, {
      field: name,
    });
  };
  const named = environment["ESPALIER_ENGINE"] || undefined;
  const engine = engineNames.find((name) => name === named);
  if (named !== undefined && engine === undefined)
    throw new Problem(
      "request/invalid",
      `ESPALIER_ENGINE is "${named}"; there is: ${engineNames.join(", ")}.`,
      { field: "ESPALIER_ENGINE" },
    );
  const asked = environment["ESPALIER_PRECISION"] || undefined;
  const precisions = Object.keys(precisionMeanings) as Precision[];
  const precision = precisions.find((each) => each === asked);
  if (asked !== undefined && precision === undefined)
    throw new Problem(
      "request/invalid",
      `ESPALIER_PRECISION is "${asked}"; there is: ${precisions.join(", ")}.`,
      { field: "ESPALIER_PRECISION" },
    );
  const dataFolder = resolve(required("ESPALIER_DATA"));
  const secret = environment["ESPALIER_SECRET"];
  if (secret && secret.length < 32)
    throw new Problem("request/invalid", "ESPALIER_SECRET has fewer than 32 characters.", {
      field: "ESPALIER_SECRET",
    });
  const previousSecrets = (environment["ESPALIER_SECRET_PREVIOUS"] ?? "").split(/[\s,]+/).filter(Boolean);
  if (previousSecrets.some(({ length }) => length < 32))
    throw new Problem(
      "request/invalid",
      "ESPALIER_SECRET_PREVIOUS has a secret of fewer than 32 characters.",
      {
        field: "ESPALIER_SECRET_PREVIOUS",
      },
    );
  const sessionUrl = environment["ESPALIER_DATABASE_SESSION_URL"];
  const redisUrl = environment["REDIS_URL"];
  const threads = number("ESPALIER_THREADS", 1);
  return {
    databaseUrl: required("DATABASE_URL"),
    ...(sessionUrl ? { sessionUrl } : {}),
    ...(redisUrl ? { redisUrl } : {}),
    dataFolder,
    scratchFolder: resolve(environment["ESPALIER_SCRATCH"] ?? join(dataFolder, "scratch")),
    name: environment["ESPALIER_WORKER_NAME"] ?? hostname(),
    logLevel: environment["ESPALIER_LOG_LEVEL"] ?? "info",
    devices: environment["ESPALIER_DEVICES"] || "all",
    ...(engine === undefined ? {} : { engine }),
    ...(precision === undefined ? {} : { precision }),
    cacheFolder:
      environment["ESPALIER_CACHE"] ||
      join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "espalier"),
    labels: parseLabels(environment["ESPALIER_LABELS"] ?? ""),
    leastFreePercent: number("ESPALIER_MIN_FREE_PERCENT", 0) ?? 50,
    leastFreeScratch: number("ESPALIER_MIN_FREE_SCRATCH", 0) ?? leastFree.scratch,
    leastFreeData: number("ESPALIER_MIN_FREE_DATA", 0) ?? leastFree.data,
    ...(threads === undefined ? {} : { threads: Math.floor(threads) }),
    graceSeconds: number("ESPALIER_GRACE_SECONDS", 0) ?? 6,
    storageSeconds: number("ESPALIER_STORAGE_SECONDS", 0) ?? 120,
    hungSeconds: number("ESPALIER_HUNG_SECONDS", 10) ?? 600,
    lease: leaseTimingOf(number("ESPALIER_LEASE_SECONDS", 5) ?? 45),
    ...(secret ? { secret } : {}),
    previousSecrets,
    hub: readHubSettings(environment),
    maxFileBytes: Math.floor(number("ESPALIER_MAX_FILE_BYTES", 1) ?? 64 * 2 ** 30),
    version,
    passedOn: Object.fromEntries(Object.entries(environment).filter(([name]) => needed.test(name))),
  };
}

/** `zone=a,team-only=nlp`; their form is checked where the worker registers. */
function parseLabels(text: string): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = "", ...value] = pair.split("=");
      if (value.length > 0) return [name.trim(), value.join("=").trim()];
      throw new Problem("request/invalid", `ESPALIER_LABELS holds "${pair}"; write name=value,name=value.`, {
        field: "ESPALIER_LABELS",
      });
    }),
  );
}

/** All that computations and tools need of the environment. */
const needed =
  /^(PATH|HOME|LANG|LC_[A-Z]+|TZ|LD_LIBRARY_PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(CUDA|NVIDIA|VK|OMP)_[A-Z_]+)$/;
