import type { Device, Worker } from "@espalier/contract";
import { formatBytes, formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

const barWidth = 8;

/** Such as `ACTIVE`; of one that takes no new runs `DRAINING` and then `DRAINED`, also when it does not live now. */
export function workerState({ state, drain }: Worker): string {
  if (!drain) return state;
  const drained = drain.doneAt === undefined ? "DRAINING" : "DRAINED";
  return state === "ACTIVE" ? drained : `${state}, ${drained.toLowerCase()}`;
}

/** A line per device under its worker, and below them why devices and workers take no new runs. */
export function workerLines(workers: readonly Worker[], now: number): string[] {
  const rows = workers.flatMap((worker) =>
    worker.devices.map((device, position) => ({ worker, device, first: position === 0 })),
  );
  const ofWorker =
    (value: (worker: Worker) => string) =>
    ({ worker, first }: (typeof rows)[number]) =>
      first ? value(worker) : "";
  const table = formatTable(rows, [
    { title: "WORKER", value: ofWorker(({ name }) => name) },
    { title: "STATE", value: ofWorker(workerState) },
    { title: "SINCE", value: ofWorker(({ startedAt }) => ago(startedAt, now)), align: "right" },
    { title: "VERSION", value: ofWorker(({ version }) => version) },
    { title: "DEVICE", value: ({ device }) => device.address },
    { title: "NAME", value: ({ device }) => `${device.name}${device.software ? " (software)" : ""}` },
    { title: "ENGINE", value: ({ device }) => device.engine },
    { title: "MEMORY USED", value: ({ device }) => memory(device) },
    { title: "UTIL", value: ({ device }) => percent(device.measured?.utilization), align: "right" },
    { title: "TEMP", value: ({ device }) => degrees(device.measured?.temperature), align: "right" },
    { title: "RUN", value: ({ device }) => doing(device) },
    { title: "LABELS", value: ofWorker(labels) },
    { title: "SEEN", value: ofWorker(({ lastSeenAt }) => ago(lastSeenAt, now)), align: "right" },
  ]);
  const reasons = workers.flatMap((worker) => [
    ...(worker.drain
      ? [`${worker.name}: takes no new runs for ${ago(worker.drain.since, now)}${said(worker.drain)}`]
      : []),
    ...worker.devices.flatMap(({ address, holds }) =>
      holds.map(
        (hold) => `${worker.name} ${address}: ${hold.cause} for ${ago(hold.since, now)}${said(hold)}`,
      ),
    ),
  ]);
  return reasons.length === 0 ? table : [...table, "", ...reasons];
}

const said = ({ reason, by }: { reason?: string; by?: string }): string =>
  `${reason ? `: ${reason}` : ""}${by && by !== "worker" ? ` (by ${by})` : ""}`;

const ago = (time: string, now: number): string => formatDuration(now - Date.parse(time));

/** `███░░░░░ 30.1 of 80.0 GB` */
function memory({ memoryBytes, measured }: Device): string {
  const free = measured?.freeBytes;
  if (memoryBytes === 0) return "–";
  if (free === undefined) return `of ${formatBytes(memoryBytes)}`;
  const used = Math.max(0, memoryBytes - free);
  const filled = Math.round(Math.min(1, used / memoryBytes) * barWidth);
  return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)} ${formatBytes(used)} of ${formatBytes(memoryBytes)}`;
}

const percent = (value: number | undefined): string => (value === undefined ? "–" : `${value} %`);
const degrees = (value: number | undefined): string => (value === undefined ? "–" : `${value} °C`);

function doing({ runIds, busy, holds }: Device): string {
  const run = runIds.join(", ") || (busy ? "another team's" : "");
  const held = holds.map(({ cause }) => cause).join(", ");
  return [run, held && `held: ${held}`].filter(Boolean).join(" ") || "–";
}

const labels = ({ labels: all }: Worker): string =>
  Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .join(",") || "–";
