import { holdCauses, type Alert, type HeldPart, type Pool, type PoolConnections } from "@espalier/contract";
import { formatBytes, formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import { wrap } from "../terminal/wrap.ts";

/** What fits into every terminal. */
const columns = 80;

/** How the pool is, in lines of at most 80 characters: what is wrong first. */
export function poolLines(pool: Pool, now: number): string[] {
  const { workers, devices, queue, dataFolder, database, deliveryQueues, scheduler, held } = pool;
  const facts: [string, string][] = [
    ["workers", counts({ active: workers.active, draining: workers.draining, lost: workers.lost })],
    ["devices", counts({ idle: devices.idle, busy: devices.busy, held: devices.held, lost: devices.lost })],
    [
      "queue",
      `${counts({ queued: queue.queued, running: queue.running, "waiting for other runs": queue.waiting })}${
        queue.oldest
          ? `; the oldest${queue.oldest.runId ? ` (${queue.oldest.runId})` : ""} waits for ${ago(queue.oldest.queuedAt, now)}`
          : ""
      }`,
    ],
    ["data folder", dataFolderText(dataFolder)],
    ["database", `PostgreSQL ${database.version}, the API's clock ${secondsOff(database.clockOffset)}`],
    ...(database.connections ? connectionFacts(database.connections) : []),
    [
      "delivery",
      `queues on ${deliveryQueues.server === "redis" ? "Redis" : "PostgreSQL"}, ${deliveryQueues.state}`,
    ],
    [
      "scheduler",
      scheduler.secondsAgo === undefined
        ? "no pass yet"
        : `last pass ${Math.round(scheduler.secondsAgo)} s ago${scheduler.leader ? ` by ${scheduler.leader}` : ""}`,
    ],
    ["API", `version ${pool.version}`],
  ];
  return [
    ...alertLines(pool.alerts, now),
    ...facts.flatMap(([name, text]) => {
      const [first = "", ...rest] = wrap(text, columns - 13);
      return [`${name.padEnd(13)}${first}`, ...rest.map((line) => `${" ".repeat(13)}${line}`)];
    }),
    ...(held.length === 0 ? [] : ["", ...heldLines(held, now)]),
  ];
}

/** Each alert in a sentence, with what to do below it. */
function alertLines(alerts: readonly Alert[], now: number): string[] {
  if (alerts.length === 0) return ["All is well.", ""];
  return alerts.flatMap((alert) => {
    const since = alert.since === undefined ? "" : ` (for ${ago(alert.since, now)})`;
    return [
      ...hanging(
        `${alert.severity === "critical" ? "!!" : "! "} `,
        `${alert.subject}: ${alert.message}${since}`,
      ),
      ...(alert.action === undefined ? [] : hanging("   → ", alert.action)),
      "",
    ];
  });
}

function hanging(mark: string, text: string): string[] {
  const [first = "", ...rest] = wrap(text, columns - mark.length);
  return [`${mark}${first}`, ...rest.map((line) => `${" ".repeat(mark.length)}${line}`)];
}

/** One line for those who look at something else. */
export function alertSummary(alerts: readonly Alert[]): string | undefined {
  const [worst, ...more] = alerts;
  if (worst === undefined) return undefined;
  const others = more.length === 0 ? "" : ` (and ${more.length} more: \`espalier pool\`)`;
  return `! ${worst.subject}: ${worst.message}${others}`;
}

function heldLines(held: readonly HeldPart[], now: number): string[] {
  const rows = held.map(({ worker, devices, cause, since, reason }) => ({
    place: [worker, ...devices].join(" "),
    cause,
    since: ago(since, now),
    reason: reason ?? `${titleOf(cause)}.`,
  }));
  const table = formatTable(rows, [
    { title: "HELD", value: ({ place }) => place },
    { title: "CAUSE", value: ({ cause }) => cause },
    { title: "FOR", value: ({ since }) => since, align: "right" },
  ]);
  return table.flatMap((line, index) =>
    index === 0 ? [line] : [line, ...wrap(rows[index - 1]!.reason, columns, "  ")],
  );
}

const titleOf = (cause: HeldPart["cause"]): string => {
  if (cause === "drain") return "An operator lets it finish what it has";
  return cause === "lost" ? "Its worker shows no sign of life" : holdCauses[cause].title;
};

function dataFolderText({ state, path, freeBytes, totalBytes }: Pool["dataFolder"]): string {
  const space =
    freeBytes === undefined || totalBytes === undefined
      ? ""
      : `, ${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free`;
  return `${state}${space}${path === undefined ? "" : ` (${path})`}`;
}

function connectionFacts({ used, allowed, needed, max, holders }: PoolConnections): [string, string][] {
  const most = holders
    .slice(0, 4)
    .map(({ application, count }) => `${count} ${application || "without a name"}`);
  return [
    ["connections", `${used} of ${allowed} used; the pool may hold ${needed} (max_connections ${max})`],
    ["", `held by: ${most.join(", ")}${holders.length > 4 ? ", …" : ""}`],
  ];
}

/** Such as `3 idle, 1 busy`: what is none is left out. */
function counts(numbers: Record<string, number>): string {
  const some = Object.entries(numbers).filter(([, count]) => count > 0);
  return some.map(([name, count]) => `${count} ${name}`).join(", ") || "none";
}

const ago = (since: string, now: number): string => formatDuration(now - Date.parse(since));

const secondsOff = (offset: number): string =>
  Math.abs(offset) < 0.5
    ? "agrees"
    : `is ${Math.abs(offset).toFixed(1)} s ${offset > 0 ? "ahead" : "behind"}`;
