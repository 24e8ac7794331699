import { inspectRedis } from "@espalier/queue/inspect";
import type { Check } from "./examine.ts";
import { ok, unknown, wrong, type Finding } from "./finding.ts";

const oldestRedis = 7;

/** What the delivery queues live on. */
export const checkQueues: Check = async ({ redisUrl, databaseUrl }, { pool }) => {
  const told = pool?.deliveryQueues.server;
  if (redisUrl === undefined) {
    if (told === "redis")
      return databaseUrl === undefined
        ? [unknown("queues", "They are on Redis, and REDIS_URL is not set here.")]
        : [
            wrong(
              "queues",
              "The API has them on Redis, and REDIS_URL is not set here.",
              "Give workers of this host the REDIS_URL of the API; else they hear of no runs.",
            ),
          ];
    if (told === undefined && databaseUrl === undefined)
      return [unknown("queues", "Neither the API nor a variable told where they are.")];
    return [ok("queues", "on PostgreSQL")];
  }
  const found: Finding[] = [];
  if (told === "postgres")
    found.push(
      wrong(
        "queues",
        "The API has them on PostgreSQL, and REDIS_URL is set here.",
        "Give API and workers the same REDIS_URL, or none; else workers hear of no runs.",
      ),
    );
  try {
    const { version, evictionPolicy, persistence, usedBytes, mostBytes } = await inspectRedis(redisUrl);
    if (Number.parseInt(version, 10) < oldestRedis)
      found.push(wrong("queues", `Redis is ${version}.`, `Use version ${oldestRedis} or later.`));
    if (evictionPolicy !== "noeviction")
      found.push(
        wrong(
          "queues",
          `Redis throws data away when its memory is full (maxmemory-policy ${evictionPolicy}).`,
          "Run: redis-cli config set maxmemory-policy noeviction, and write it into redis.conf.",
        ),
      );
    if (mostBytes > 0 && usedBytes > 0.9 * mostBytes)
      found.push(
        wrong(
          "queues",
          "More than nine tenths of Redis' memory are used.",
          "Raise maxmemory, or use a Redis of its own.",
        ),
      );
    const kept =
      persistence === "none" ? "no persistence, which deliveries do not need" : `persistence: ${persistence}`;
    found.push(ok("queues", `Redis ${version}, ${evictionPolicy}, ${kept}`));
  } catch (error) {
    found.push(
      wrong(
        "queues",
        `Redis does not serve this host: ${error instanceof Error ? error.message : String(error)}.`,
        "Start Redis, or let REDIS_URL name where it is, with its password; runs are delivered when it is back.",
      ),
    );
  }
  return found;
};
