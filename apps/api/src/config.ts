import { leaseTimingOf, leastFree, type LeaseTiming } from "@espalier/contract";
import type { SessionTimes } from "@espalier/store";
import { readProxy } from "@espalier/model/outbound";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { basePathOf } from "./dashboard/base-path.ts";
import { oidcEnvironment, readOidc, type OidcSettings } from "./oidc/settings.ts";
import { defaultLimits, type Limits } from "./limits/limits.ts";

const Env = Type.Object({
  DATABASE_URL: Type.String({ minLength: 1 }),
  ESPALIER_DATABASE_SESSION_URL: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_DATABASE_SUPERUSER_URL: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_DATABASE_OWNER_URL: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_WORKER_DATABASE_URL: Type.Optional(Type.String({ minLength: 1 })),
  REDIS_URL: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_DATA: Type.String({ minLength: 1 }),
  ESPALIER_HOST: Type.String({ default: "127.0.0.1" }),
  ESPALIER_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 7070 }),
  ESPALIER_LOG_LEVEL: Type.Enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
    default: "info",
  }),
  ESPALIER_SECRET: Type.Optional(Type.String({ minLength: 32 })),
  ESPALIER_SECRET_PREVIOUS: Type.Optional(Type.String({ pattern: "^[^\\s,]{32,}([\\s,]+[^\\s,]{32,})*$" })),
  ESPALIER_WEBHOOK_ORIGINS: Type.Optional(Type.String()),
  ESPALIER_INSTANCE: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_BOOTSTRAP_KEY: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_LEASE_SECONDS: Type.Number({ minimum: 5, default: 45 }),
  ESPALIER_MIN_FREE_DATA: Type.Integer({ minimum: 0, default: leastFree.data }),
  ESPALIER_MAX_FILE_BYTES: Type.Integer({ minimum: 1, default: 64 * 2 ** 30 }),
  ESPALIER_MAX_DATASET_BYTES: Type.Integer({ minimum: 1, default: 4 * 2 ** 30 }),
  ESPALIER_MAX_REQUESTS_PER_KEY: Type.Integer({ minimum: 1, default: defaultLimits.requestsPerKey }),
  ESPALIER_MAX_REQUESTS_PER_ADDRESS: Type.Integer({ minimum: 1, default: defaultLimits.requestsPerAddress }),
  ESPALIER_MAX_FAILED_SIGN_INS: Type.Integer({ minimum: 1, default: defaultLimits.failedSignIns }),
  ESPALIER_MAX_STREAMS_PER_KEY: Type.Integer({ minimum: 1, default: defaultLimits.streamsPerKey }),
  ESPALIER_BASE_PATH: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_PUBLIC_ORIGIN: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_SESSION_HOURS: Type.Number({ exclusiveMinimum: 0, maximum: 8_760, default: 12 }),
  ESPALIER_SESSION_IDLE_HOURS: Type.Number({ exclusiveMinimum: 0, maximum: 8_760, default: 2 }),
  ...oidcEnvironment,
  ESPALIER_TRUSTED_PROXIES: Type.String({ pattern: "^[0-9a-fA-F.:/,]*$", default: "" }),
});

export interface Config {
  databaseUrl: string;
  /**
   * The database's server itself, where `databaseUrl` is a pooler that gives out connections for a transaction: for
   * migrations, listening, the leader's lock and the delivery queues. Absent: `databaseUrl` is the server.
   */
  sessionUrl?: string;
  /**
   * The owner of the tables, who migrates them and makes the roles of API and worker. Absent: who `databaseUrl` names, where he may;
   * a database that is up to date needs none.
   */
  ownerUrl?: string;
  /** Of a superuser, for `node dist/api.mjs owner` alone, which gives the database to its owner. An API has none. */
  superuserUrl?: string;
  /** What workers will connect with: the owner gives the worker's role its password, where this names that role. */
  workerUrl?: string;
  /** Absent: the delivery queues live in the database. */
  redisUrl?: string;
  /** Folder of artifact bytes, shared with the workers. */
  data: string;
  host: string;
  port: number;
  logLevel: string;
  /** Seals the hub tokens of clients. The workers have the same secret. Absent: such tokens are refused. */
  secret?: string;
  /** Open what was sealed with them, until the API has sealed it anew; ESPALIER_SECRET_PREVIOUS, by commas. The workers have the same. */
  previousSecrets: string[];
  /** Origins that webhooks may have beside public ones by https, such as `http://10.0.0.7:8080`. */
  webhookOrigins: string[];
  /** Proxies for webhooks. */
  proxy: { http: string; https: string; no: string };
  /**
   * A key of an admin and operator that the team `default` gets when the API starts. Whoever starts the API has made it. Another
   * one than at the start before revokes that.
   */
  bootstrapKey?: string;
  /** How long a worker may be silent before others take its runs. The workers have the same setting. */
  lease: LeaseTiming;
  /** What must be free on the volume of `data`, or nothing starts; bytes. */
  leastFreeData: number;
  maxFileBytes: number;
  maxDatasetBytes: number;
  /** By which the API shows to whoever started it that it is the one (`/healthz`). */
  instance?: string;
  limits: Limits;
  /** The path under which browsers see the service, from `/` to `/`, where a proxy has others too. */
  basePath?: string;
  /** Addresses and networks of proxies that say truly for whom they ask, and under which path (`X-Forwarded-For`, `-Prefix`). */
  trustedProxies: readonly string[];
  /** The origin under which browsers see the service, such as `https://gpu.example.org`. Absent: whatever host they ask. */
  publicOrigin?: string;
  /** How long a browser stays signed in. */
  sessions: SessionTimes;
  /** By which browsers sign in too. */
  oidc: OidcSettings | undefined;
}

/** Reads the environment; throws an Error that names every variable that is missing or wrong. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.keys(Env.properties).flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
  const value = Value.Default(Env, Value.Convert(Env, given));
  if (!Value.Check(Env, value)) {
    const errors = Value.Errors(Env, value).map(
      ({ instancePath, message }) => `${instancePath.slice(1)} ${message}`,
    );
    throw new Error(`The environment is not complete: ${errors.join("; ")}.`);
  }
  return {
    databaseUrl: value.DATABASE_URL,
    ...(value.ESPALIER_DATABASE_SESSION_URL === undefined
      ? {}
      : { sessionUrl: value.ESPALIER_DATABASE_SESSION_URL }),
    ...(value.ESPALIER_DATABASE_OWNER_URL === undefined
      ? {}
      : { ownerUrl: value.ESPALIER_DATABASE_OWNER_URL }),
    ...(value.ESPALIER_DATABASE_SUPERUSER_URL === undefined
      ? {}
      : { superuserUrl: value.ESPALIER_DATABASE_SUPERUSER_URL }),
    ...(value.ESPALIER_WORKER_DATABASE_URL === undefined
      ? {}
      : { workerUrl: value.ESPALIER_WORKER_DATABASE_URL }),
    ...(value.REDIS_URL === undefined ? {} : { redisUrl: value.REDIS_URL }),
    data: value.ESPALIER_DATA,
    host: value.ESPALIER_HOST,
    port: value.ESPALIER_PORT,
    logLevel: value.ESPALIER_LOG_LEVEL,
    ...(value.ESPALIER_SECRET === undefined ? {} : { secret: value.ESPALIER_SECRET }),
    previousSecrets: listOf(value.ESPALIER_SECRET_PREVIOUS),
    webhookOrigins: listOf(value.ESPALIER_WEBHOOK_ORIGINS).map((text) =>
      originOf(text, "ESPALIER_WEBHOOK_ORIGINS"),
    ),
    proxy: readProxy(env),
    ...(value.ESPALIER_BOOTSTRAP_KEY === undefined ? {} : { bootstrapKey: value.ESPALIER_BOOTSTRAP_KEY }),
    lease: leaseTimingOf(value.ESPALIER_LEASE_SECONDS),
    leastFreeData: value.ESPALIER_MIN_FREE_DATA,
    maxFileBytes: value.ESPALIER_MAX_FILE_BYTES,
    maxDatasetBytes: value.ESPALIER_MAX_DATASET_BYTES,
    ...(value.ESPALIER_INSTANCE === undefined ? {} : { instance: value.ESPALIER_INSTANCE }),
    limits: {
      ...defaultLimits,
      requestsPerKey: value.ESPALIER_MAX_REQUESTS_PER_KEY,
      requestsPerAddress: value.ESPALIER_MAX_REQUESTS_PER_ADDRESS,
      failedSignIns: value.ESPALIER_MAX_FAILED_SIGN_INS,
      streamsPerKey: value.ESPALIER_MAX_STREAMS_PER_KEY,
    },
    ...(value.ESPALIER_BASE_PATH === undefined ? {} : { basePath: basePathOf(value.ESPALIER_BASE_PATH) }),
    trustedProxies: value.ESPALIER_TRUSTED_PROXIES.split(",").filter((address) => address !== ""),
    ...(value.ESPALIER_PUBLIC_ORIGIN === undefined
      ? {}
      : { publicOrigin: originOf(value.ESPALIER_PUBLIC_ORIGIN, "ESPALIER_PUBLIC_ORIGIN") }),
    sessions: {
      lasts: Math.ceil(value.ESPALIER_SESSION_HOURS * 3600),
      idle: Math.ceil(value.ESPALIER_SESSION_IDLE_HOURS * 3600),
    },
    oidc: readOidc(value),
  };
}

const listOf = (text = ""): string[] => text.split(/[\s,]+/).filter(Boolean);

function originOf(text: string, setting: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new Error(
    `The environment is not complete: ${setting} has "${text}"; give origins such as http://10.0.0.7:8080.`,
  );
}
