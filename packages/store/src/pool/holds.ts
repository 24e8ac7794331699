import { holdCauses, type HoldCause } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toText } from "../database/json.ts";
import { found } from "../database/row.ts";
import { writeWorkerEvent } from "./worker-events.ts";
import { excuseFailures, forgetFailures, lockFailures } from "./failures.ts";
import { lockName } from "./workers.ts";

/** Something that a worker has found wrong with one of its devices. */
export interface Finding {
  cause: Exclude<HoldCause, "cordon">;
  /** One sentence for operators. */
  reason: string;
  /** For causes that are counted: the errors since the start of the driver. */
  count?: number;
}

/** Drains of workers and holds on devices, by operators or by the worker itself. Every change writes one event. */
export interface Holds {
  /**
   * Lets the worker, and later ones of its name, take no new runs until `resume`. With `atOnce` it also gives back its
   * runs.
   */
  drain(workerId: string, options: { by: string; reason?: string; atOnce?: boolean }): Promise<void>;
  resume(workerId: string, by: string): Promise<void>;
  /** For a draining worker that has no runs left; does nothing for any other. */
  drained(workerId: string): Promise<void>;
  cordon(deviceId: string, options: { by: string; reason?: string }): Promise<void>;
  /**
   * Ends the cordon of a device, and the holds that only a person can end. A hold whose cause still exists comes back at
   * once.
   */
  uncordon(deviceId: string, by: string): Promise<void>;
  /**
   * Sets the holds of a device to the findings of its worker. A hold that only a person can end stays when its finding is gone.
   * `counted` is the number of errors now. When it is lower than the number that an operator has accepted, the driver has
   * started to count again, and the acceptance is deleted.
   */
  report(deviceId: string, findings: readonly Finding[], counted?: number): Promise<void>;
  /**
   * For the worker of a device that is held for failures, after a self-test of the device. One that passed ends the hold. One that
   * failed shows that the failures were the device's, so that they do not count against their runs.
   */
  tested(deviceId: string, test: SelfTest): Promise<void>;
}

export interface SelfTest {
  passed: boolean;
  /** One sentence for operators: how it went, and what follows. */
  reason: string;
  /** There will be no more tests: only an operator can end the hold now. */
  last?: boolean;
}

/** Something that is done to a device by name, whichever worker process has it now. */
export interface Place {
  worker: string;
  identity: string;
  address: string;
}

interface HoldRow {
  cause: HoldCause;
  count: string | null;
  cleared: boolean;
}

/** The actor in events of what a worker does by itself. */
const workerItself = "worker";
const longestReason = 1000;

/** Holds a device, again where an operator or a test has released it. */
export async function hold(
  tx: Transaction,
  { worker, identity, address }: Place,
  { cause, reason, count, by }: { cause: HoldCause; reason?: string; count?: number; by: string },
): Promise<void> {
  const text = reason === undefined ? undefined : toText(reason).slice(0, longestReason);
  await tx.query(
    `insert into device_hold as h (worker_name, device, cause, reason, actor, count) values ($1, $2, $3, $4, $5, $6)
     on conflict (worker_name, device, cause) do update
       set reason = excluded.reason, actor = excluded.actor, count = excluded.count, since = now(), cleared_at = null`,
    [worker, identity, cause, text, by, count],
  );
  await writeWorkerEvent(tx, {
    worker,
    type: "held",
    device: address,
    cause,
    by,
    ...(text === undefined ? {} : { reason: text }),
  });
}

async function release(
  tx: Transaction,
  place: Place,
  cause: HoldCause,
  by: string,
  reason?: string,
): Promise<void> {
  const { worker, identity, address } = place;
  // What is known of the device stays: how many errors an operator has accepted, how often it was held in a row.
  const kept = cause === "memory-error" ? by !== workerItself : cause === "failures" && by === workerItself;
  const clear = kept ? "update device_hold set cleared_at = now()" : "delete from device_hold";
  await tx.query(`${clear} where worker_name = $1 and device = $2 and cause = $3`, [worker, identity, cause]);
  if (cause === "failures") await forgetFailures(tx, place);
  await writeWorkerEvent(tx, {
    worker,
    type: "released",
    device: address,
    cause,
    by,
    ...(reason === undefined ? {} : { reason }),
  });
}

export function createHolds({ transaction }: Database): Holds {
  /** Locks the name of a worker against other changes, and returns it. */
  const lockWorker = async (tx: Transaction, workerId: string): Promise<string> => {
    const { rows } = await tx.query<{ name: string }>("select name from worker where id = $1", [workerId]);
    const { name } = found(rows[0], "worker", workerId);
    await lockName(tx, name);
    return name;
  };

  /** Locks a device against other changes. Returns where it is, and its holds. */
  const lockDevice = async (
    tx: Transaction,
    deviceId: string,
  ): Promise<{ place: Place; holds: HoldRow[] }> => {
    const { rows } = await tx.query<Place>(
      `select w.name as worker, d.identity, d.address from device d join worker w on w.id = d.worker_id where d.id = $1`,
      [deviceId],
    );
    const place = found(rows[0], "device", deviceId);
    await lockName(tx, place.worker);
    const { rows: holds } = await tx.query<HoldRow>(
      `select cause, count, cleared_at is not null as cleared from device_hold where worker_name = $1 and device = $2`,
      [place.worker, place.identity],
    );
    return { place, holds };
  };

  return {
    drain: (workerId, { by, reason, atOnce = false }) =>
      transaction(async (tx) => {
        const worker = await lockWorker(tx, workerId);
        const { rowCount } = await tx.query(
          `insert into worker_drain as d (worker_name, at_once, reason, actor) values ($1, $2, $3, $4)
           on conflict (worker_name) do update set at_once = d.at_once or excluded.at_once,
             reason = coalesce(excluded.reason, d.reason), actor = excluded.actor
           where (excluded.at_once and not d.at_once)
             or (excluded.reason is not null and excluded.reason is distinct from d.reason)`,
          [worker, atOnce, reason, by],
        );
        if (rowCount === 0) return;
        await writeWorkerEvent(tx, {
          worker,
          type: "draining",
          by,
          ...(reason === undefined ? {} : { reason }),
        });
      }),

    resume: (workerId, by) =>
      transaction(async (tx) => {
        const worker = await lockWorker(tx, workerId);
        const { rowCount } = await tx.query("delete from worker_drain where worker_name = $1", [worker]);
        if (rowCount !== 0) await writeWorkerEvent(tx, { worker, type: "resumed", by });
      }),

    drained: (workerId) =>
      transaction(async (tx) => {
        await lockWorker(tx, workerId);
        const { rows } = await tx.query<{ worker: string }>(
          `update worker_drain d set done_at = now() from worker w
           where w.id = $1 and d.worker_name = w.name and d.done_at is null
             and not exists (select from run where lease_owner = w.id and state = 'RUNNING')
           returning d.worker_name as worker`,
          [workerId],
        );
        for (const { worker } of rows)
          await writeWorkerEvent(tx, { worker, type: "drained", by: workerItself });
      }),

    cordon: (deviceId, { by, reason }) =>
      transaction(async (tx) => {
        const { place, holds } = await lockDevice(tx, deviceId);
        if (holds.some(({ cause }) => cause === "cordon")) return;
        await hold(tx, place, { cause: "cordon", by, ...(reason === undefined ? {} : { reason }) });
      }),

    uncordon: (deviceId, by) =>
      transaction(async (tx) => {
        const { place, holds } = await lockDevice(tx, deviceId);
        for (const { cause, cleared } of holds)
          if (!cleared && !holdCauses[cause].returns) await release(tx, place, cause, by);
      }),

    report: (deviceId, findings, counted = 0) =>
      transaction(async (tx) => {
        const { place, holds } = await lockDevice(tx, deviceId);
        const { worker, identity } = place;
        await tx.query(
          `delete from device_hold where worker_name = $1 and device = $2 and cause = 'memory-error'
             and cleared_at is not null and count > $3`,
          [worker, identity, counted],
        );
        for (const finding of findings) {
          const known = holds.find(({ cause }) => cause === finding.cause);
          const accepted = known?.cleared ? Number(known.count) : 0;
          if (known && (!known.cleared || (accepted <= counted && accepted >= (finding.count ?? 0))))
            continue;
          await hold(tx, place, { ...finding, by: workerItself });
        }
        for (const { cause, cleared } of holds)
          if (!cleared && holdCauses[cause].returns && !findings.some((finding) => finding.cause === cause))
            await release(tx, place, cause, workerItself);
      }),

    tested: (deviceId, { passed, reason, last = false }) =>
      transaction(async (tx) => {
        const { place, holds } = await lockDevice(tx, deviceId);
        await lockFailures(tx, place.worker);
        if (!holds.some(({ cause, cleared }) => cause === "failures" && !cleared)) return;
        if (passed) return release(tx, place, "failures", workerItself, reason);
        await excuseFailures(tx, place);
        await tx.query(
          `update device_hold set reason = left(split_part(reason, $4, 1) || $4 || $5, $6)
           where worker_name = $1 and device = $2 and cause = $3`,
          [place.worker, place.identity, "failures", " Self-test: ", toText(reason), longestReason],
        );
        if (last)
          await writeWorkerEvent(tx, {
            worker: place.worker,
            type: "held",
            device: place.address,
            cause: "failures",
            reason: toText(reason).slice(0, longestReason),
            by: workerItself,
          });
      }),
  };
}
