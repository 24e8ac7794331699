import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../apps/cli/src/stack/port.ts";
import { startRedisContainer } from "./containers.ts";
import { inContainers } from "./kind.ts";

/** A Redis server of a test, on loopback. */
export interface RedisServer {
  url: string;
  /** Kills it; it forgets everything, as it keeps no file. */
  stop: () => Promise<void>;
  /** Starts again after `stop`, empty, on the same port. */
  start: () => Promise<void>;
  remove: () => Promise<void>;
}

const binary = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "redis-server"))
  .find((path) => existsSync(path));

/** Why Redis tests cannot run here, in one line; undefined where they can. */
export const noRedis = binary || inContainers() ? undefined : "no redis-server in PATH";

/** Starts a Redis in a container where this run's servers are, else a `redis-server` from PATH. Ask `noRedis` first. */
export const startRedis = (): Promise<RedisServer> =>
  inContainers() ? startRedisContainer() : startOwnRedis();

/** `Redis 7.0.15`, of the `redis-server` in PATH. */
export function redisOfHost(): string | undefined {
  if (!binary) return undefined;
  const [, version] = /v=(\S+)/.exec(execFileSync(binary, ["--version"], { encoding: "utf8" })) ?? [];
  return `Redis ${version}`;
}

async function startOwnRedis(): Promise<RedisServer> {
  if (!binary) throw new Error(noRedis);
  const folder = await mkdtemp(join(tmpdir(), "espalier-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    const settings = {
      port,
      bind: "127.0.0.1",
      dir: folder,
      appendonly: "no",
      "maxmemory-policy": "noeviction",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    child = spawn(binary, [...flags, "--save", ""], { stdio: "ignore" });
    await answering(port);
  };
  const stop = async () => {
    const process = child;
    child = undefined;
    if (!process || process.exitCode !== null) return;
    const exited = once(process, "exit");
    process.kill("SIGKILL");
    await exited;
  };
  // Redis watches nobody.
  const orphaned = () => void child?.kill("SIGKILL");
  process.once("exit", orphaned);
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    remove: async () => {
      process.off("exit", orphaned);
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answering(port: number): Promise<void> {
  const until = Date.now() + 60_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    if (Date.now() > until) throw new Error(`redis-server did not answer on port ${port}`);
    await sleep(20);
  }
}
