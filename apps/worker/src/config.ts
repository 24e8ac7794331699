import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { Problem } from "@espalier/contract";
import { engineNames } from "@espalier/engine";
import { readHubSettings, type HubSettings } from "./hub-settings.ts";
import { version } from "./version.ts";

/** Settings of a worker process, from its environment. */
export interface Config {
  /** DATABASE_URL: the PostgreSQL of the service. */
  databaseUrl: string;
  /** REDIS_URL: queues are on Redis; without it they are on PostgreSQL. */
  redisUrl?: string;
  /** ESPALIER_DATA: folder of the stored bytes, shared with the API. */
  dataFolder: string;
  /** ESPALIER_SCRATCH: folder of running attempts; best on the file system of the stored bytes. */
  scratchFolder: string;
  /** ESPALIER_WORKER_NAME; default: the host's name. */
  name: string;
  /** ESPALIER_LOG_LEVEL; default `info`. */
  logLevel: string;
  /** ESPALIER_ENGINE; default `onnx-cpu`. */
  engine: string;
  /** ESPALIER_THREADS of a compute process; default: one for each core. */
  threads?: number;
  /** ESPALIER_GRACE_SECONDS: time that a compute process gets for its last checkpoint on shutdown; default 6. */
  graceSeconds: number;
  /** ESPALIER_SECRET: the API's, which seals clients' hub tokens. */
  secret?: string;
  hub: HubSettings;
  /** ESPALIER_MAX_FILE_BYTES of a file from the hub; default 64 GiB. */
  maxFileBytes: number;
  version: string;
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
  const engine = environment["ESPALIER_ENGINE"] ?? "onnx-cpu";
  if (!engineNames.includes(engine)) {
    const known = engineNames.join(", ");
    throw new Problem("request/invalid", `ESPALIER_ENGINE is "${engine}"; there is: ${known}.`, {
      field: "ESPALIER_ENGINE",
    });
  }
  const dataFolder = resolve(required("ESPALIER_DATA"));
  const secret = environment["ESPALIER_SECRET"];
  if (secret && secret.length < 32)
    throw new Problem("request/invalid", "ESPALIER_SECRET has fewer than 32 characters.", {
      field: "ESPALIER_SECRET",
    });
  const redisUrl = environment["REDIS_URL"];
  const threads = number("ESPALIER_THREADS", 1);
  return {
    databaseUrl: required("DATABASE_URL"),
    ...(redisUrl ? { redisUrl } : {}),
    dataFolder,
    scratchFolder: resolve(environment["ESPALIER_SCRATCH"] ?? join(dataFolder, "scratch")),
    name: environment["ESPALIER_WORKER_NAME"] ?? hostname(),
    logLevel: environment["ESPALIER_LOG_LEVEL"] ?? "info",
    engine,
    ...(threads === undefined ? {} : { threads: Math.floor(threads) }),
    graceSeconds: number("ESPALIER_GRACE_SECONDS", 0) ?? 6,
    ...(secret ? { secret } : {}),
    hub: readHubSettings(environment),
    maxFileBytes: Math.floor(number("ESPALIER_MAX_FILE_BYTES", 1) ?? 64 * 2 ** 30),
    version,
  };
}

/** The process's environment, for what is passed on to a child. */
export const environment = (): Record<string, string | undefined> => ({ ...process.env });
