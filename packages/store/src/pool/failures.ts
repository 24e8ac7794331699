import type { Transaction } from "../database/database.ts";

/** A device by name, whichever worker process has it now. */
interface NamedDevice {
  worker: string;
  identity: string;
}

/** A failure that may be the fault of the device or the host where it happened. */
export interface DeviceFailure {
  device: string;
  runId: string;
  incident: string;
  detail: string;
  isolated: boolean;
}

/** Different runs that fail one after another before a device, or a worker with all its devices, is held. */
const failuresUntilHeld = 2;

/** Lets the counts of a worker's failures change one after another. Taken after the lock of a run, never before it. */
export const lockFailures = (tx: Transaction, worker: string) =>
  tx.query("select pg_advisory_xact_lock(hashtextextended('failures ' || $1, 0))", [worker]);

/** Forgets what has failed on a device. */
export const forgetFailures = (tx: Transaction, { worker, identity }: NamedDevice) =>
  tx.query("delete from device_failure where worker_name = $1 and device = $2", [worker, identity]);

/** What has failed on a device does not count against its runs any more. */
export const excuseFailures = (tx: Transaction, { worker, identity }: NamedDevice) =>
  tx.query(
    `update attempt a set excused = true from device_failure f
     where f.worker_name = $1 and f.device = $2 and a.run_id = f.run_id and a.number = f.attempt and not a.excused`,
    [worker, identity],
  );

/**
 * Condition: attempt `a` ended on a device that was found to be at fault, or that is held while this is being found out. It
 * is asked whenever the run is judged again, because a device may be held, or pass its test, after the attempt has ended.
 */
export const isExcused = `(a.excused or exists (
  select from device_failure f join device_hold h on h.worker_name = f.worker_name and h.device = f.device
  where f.run_id = a.run_id and f.attempt = a.number and h.cause = 'failures' and h.cleared_at is null))`;

/**
 * Parts of a statement after one named `ended (id)`, the run that has succeeded: nothing is counted against its devices any
 * more, and what is counted against others of their worker says nothing about the worker.
 */
export const successCounts = `proven as (
    select distinct w.name, d.identity from ended join run_device e on e.run_id = ended.id
      join device d on d.id = e.device_id join worker w on w.id = d.worker_id
  ), forgotten as (
    delete from device_failure f using proven p where f.worker_name = p.name and f.device = p.identity
  ), trusted as (
    delete from device_hold h using proven p where h.worker_name = p.name and h.device = p.identity
      and h.cause = 'failures' and h.cleared_at is not null
  ), isolated as (
    update device_failure f set isolated = true where not f.isolated and f.worker_name in (select name from proven)
      and not exists (select from proven p where p.name = f.worker_name and p.identity = f.device)
  )`;

/** The devices that have failed too many runs, or all of the worker where the runs failed on several of them. */
export function findCulprits(failures: readonly DeviceFailure[]): { devices: string[] } | { worker: true } {
  const isEnough = (some: readonly DeviceFailure[]): boolean =>
    [some.map(({ runId }) => runId), some.map(({ incident }) => incident)].every(
      (each) => new Set(each).size >= failuresUntilHeld,
    );
  const names = [...new Set(failures.map(({ device }) => device))];
  const devices = names.filter((name) => isEnough(failures.filter(({ device }) => device === name)));
  const common = failures.filter(({ isolated }) => !isolated);
  const spread = new Set(common.map(({ device }) => device)).size > 1;
  return devices.length === 0 && spread && isEnough(common) ? { worker: true } : { devices };
}

/** One sentence for operators on the runs that have failed. */
export function describeFailures(failures: readonly DeviceFailure[], where: string): string {
  const last = new Map(failures.map(({ runId, detail }) => [runId, detail]));
  const shown = [...last].slice(-3).map(([runId, detail]) => `${runId}: ${detail.slice(0, 200)}`);
  return `${last.size} runs in a row failed on ${where}, the last ones: ${shown.join(" | ")}`;
}
