import { clockTolerance, type Device, type Hold, type Worker } from "@espalier/contract";
import { formatBytes, formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import { wrap } from "../terminal/wrap.ts";

const barWidth = 8;

/** Such as `ACTIVE`; of one that takes no new runs `DRAINING` and then `DRAINED`, also when it does not live now. */
export function workerState({ state, drain }: Worker): string {
  if (!drain) return state;
  const drained = drain.doneAt === undefined ? "DRAINING" : "DRAINED";
  return state === "ACTIVE" ? drained : `${state}, ${drained.toLowerCase()}`;
}

/** A line per device under its worker, and below them why devices and workers take no new runs. */
export function workerLines(workers: readonly Worker[], now: number, width = Infinity): string[] {
  const rows = workers.flatMap((worker) =>
    worker.devices.map((device, position) => ({ worker, device, first: position === 0 })),
  );
  const ofWorker =
    (value: (worker: Worker) => string) =>
    ({ worker, first }: (typeof rows)[number]) =>
      first ? value(worker) : "";
  const table = formatTable(
    rows,
    [
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
    ],
    width,
  );
  const reasons = workers.flatMap((worker) => [
    ...clockWarning(worker),
    ...(worker.drain
      ? [`${worker.name}: takes no new runs for ${ago(worker.drain.since, now)}${said(worker.drain)}`]
      : []),
    ...heldDevices(worker).map(
      ({ place, hold }) => `${place}: ${hold.cause} for ${ago(hold.since, now)}${said(hold)}`,
    ),
  ]);
  const measured = workers.flatMap((worker) =>
    worker.devices.flatMap((device) => (device.rates?.length ? [ratesLine(worker, device)] : [])),
  );
  if (measured.length > 0) reasons.unshift(...measured);
  return reasons.length === 0 ? table : [...table, "", ...reasons.flatMap((reason) => wrap(reason, width))];
}

/** All that a run may ask for on a device. */
const ratesLine = (worker: Worker, { address, rates = [] }: Device): string =>
  `${worker.name} ${address}: ${rates
    .map(
      ({ engine, precision, forward = "?", training = "?" }) =>
        `${engine} in ${precision} ${forward} / ${training} GFLOP/s forward / training`,
    )
    .join(", ")}`;

/** What holds all devices of a worker, such as a full disk, is said once. */
function heldDevices({ name, devices }: Worker): { place: string; hold: Hold }[] {
  const isCommon = (hold: Hold): boolean =>
    devices.length > 1 &&
    devices.every(({ holds }) =>
      holds.some(({ cause, reason }) => cause === hold.cause && reason === hold.reason),
    );
  return devices.flatMap(({ address, holds }, position) =>
    holds
      .filter((hold) => position === 0 || !isCommon(hold))
      .map((hold) => ({ place: isCommon(hold) ? name : `${name} ${address}`, hold })),
  );
}

function clockWarning({ name, state, clockOffset }: Worker): string[] {
  if (state !== "ACTIVE" || clockOffset === undefined || Math.abs(clockOffset) <= clockTolerance) return [];
  const off = `${Math.round(Math.abs(clockOffset))} s ${clockOffset > 0 ? "ahead of" : "behind"}`;
  return [
    `${name}: the clock of its host is ${off} the database's; runs are safe, its logs are not in step. Set it (NTP).`,
  ];
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
