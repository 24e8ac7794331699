import { classCharge, usageHalfLifeMs } from "@espalier/contract";
import { accrued, decayed, type Instant, type RunningRun } from "@espalier/scheduler";

/** What the database keeps of a team or a user: of attempts that have ended. */
export interface UsageRow {
  /** Device seconds, weighted by class, as they had decayed at `usedAt`. */
  usedSeconds: number;
  usedAt: Instant;
  /** Device hours of the period that began at `periodFrom`. */
  spentHours: number;
  periodFrom: Instant;
}

/** Runs that compute; one that has only been given its devices has used nothing yet. */
const computing = (running: readonly RunningRun[]): RunningRun[] =>
  running.filter(({ state }) => state !== "starting");

const unitsOf = ({ allocations }: RunningRun): number =>
  allocations.reduce((sum, { units }) => sum + units, 0);

/** Decayed device seconds: of attempts that have ended, and of runs that compute, each at its rate since it started. */
export function usageNow(
  { usedSeconds, usedAt }: Pick<UsageRow, "usedSeconds" | "usedAt">,
  running: readonly RunningRun[],
  now: Instant,
): number {
  const ended = decayed({ deviceSeconds: usedSeconds, at: usedAt }, now, usageHalfLifeMs);
  return computing(running).reduce((sum, run) => {
    const start = { deviceSeconds: 0, at: Math.min(run.startedAt, now) };
    return sum + accrued(start, unitsOf(run) * classCharge[run.class], now, usageHalfLifeMs).deviceSeconds;
  }, ended);
}

/** Device hours of the period, of attempts that have ended and of runs that compute. */
export const spentHours = (
  { spentHours: ended, periodFrom }: Pick<UsageRow, "spentHours" | "periodFrom">,
  running: readonly RunningRun[],
  now: Instant,
): number =>
  computing(running).reduce(
    (sum, run) => sum + (unitsOf(run) * Math.max(0, now - Math.max(run.startedAt, periodFrom))) / 3_600_000,
    ended,
  );
