import { Redis } from "ioredis";

/** What a check of a Redis server finds. */
export interface RedisInspection {
  version: string;
  /** What it does when its memory is full; queues need `noeviction`. */
  evictionPolicy: string;
  /** Whether it keeps its data over a restart: by its log of commands, or by snapshots. */
  persistence: "append-only file" | "snapshots" | "none";
  usedBytes: number;
  /** 0: no limit of its own. */
  mostBytes: number;
}

const patienceMs = 5_000;

/** Looks at a Redis server over one connection, which it closes again. Rejects with the driver's error. */
export async function inspectRedis(url: string): Promise<RedisInspection> {
  const server = new Redis(url, {
    lazyConnect: true,
    connectTimeout: patienceMs,
    commandTimeout: patienceMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let failure: Error | undefined;
  server.on("error", (error: Error) => (failure = error));
  try {
    await server.connect();
    const info = parse(await server.info());
    const saves = (await server.config("GET", "save").catch(() => [])) as string[];
    return {
      version: info["redis_version"] ?? "unknown",
      evictionPolicy: info["maxmemory_policy"] ?? "unknown",
      persistence: info["aof_enabled"] === "1" ? "append-only file" : saves[1] ? "snapshots" : "none",
      usedBytes: Number(info["used_memory"] ?? 0),
      mostBytes: Number(info["maxmemory"] ?? 0),
    };
  } catch (error) {
    // What closed the connection says more than that it is closed.
    throw failure ?? error;
  } finally {
    server.disconnect();
  }
}

/** Lines of `name:value`, as `INFO` answers. */
const parse = (text: string): Record<string, string | undefined> =>
  Object.fromEntries([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
