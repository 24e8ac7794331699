import { holdCauses, type HoldCause } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toText } from "../database/json.ts";
import { found } from "../database/row.ts";
import { tell } from "./worker-events.ts";
import { lockName } from "./workers.ts";

/** What a worker finds wrong with one of its devices. */
export interface Finding {
  cause: Exclude<HoldCause, "cordon">;
  /** One sentence for operators. */
  reason: string;
  /** Errors counted since the driver started, where the cause is a count. */
  count?: number;
}

/** What an operator, or the worker itself, does about workers and devices. Every change is an event; none is repeated. */
export interface Holds {
  /** The worker of this name takes no new runs, until `resume`; `atOnce` also gives back those that it has. */
  drain(workerId: string, options: { by: string; reason?: string; atOnce?: boolean }): Promise<void>;
  resume(workerId: string, by: string): Promise<void>;
  /** The worker has no runs left; does nothing unless it drains. */
  drained(workerId: string): Promise<void>;
  cordon(deviceId: string, options: { by: string; reason?: string }): Promise<void>;
  /** Ends a cordon and the holds that do not return by themselves; those whose cause goes on come back at once. */
  uncordon(deviceId: string, by: string): Promise<void>;
  /**
   * Makes the holds of a device what its worker finds. Holds that do not return by themselves stay when their finding goes.
   * `counted` is the number of errors now: accepted ones are forgotten when a driver has started to count anew.
   */
  report(deviceId: string, findings: readonly Finding[], counted?: number): Promise<void>;
}

interface Place {
  worker: string;
  identity: string;
  address: string;
}

interface HoldRow {
  cause: HoldCause;
  count: string | null;
  cleared: boolean;
}

/** The actor of what a worker does by itself. */
const itself = "worker";

export function createHolds({ transaction }: Database): Holds {
  /** The worker's name, locked against other changes. */
  const lockWorker = async (tx: Transaction, workerId: string): Promise<string> => {
    const { rows } = await tx.query<{ name: string }>("select name from worker where id = $1", [workerId]);
    const { name } = found(rows[0], "worker", workerId);
    await lockName(tx, name);
    return name;
  };

  /** Where the device is, and its holds, locked against other changes. */
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

  const hold = async (
    tx: Transaction,
    { worker, identity, address }: Place,
    { cause, reason, count, by }: { cause: HoldCause; reason?: string; count?: number; by: string },
  ): Promise<void> => {
    const text = reason === undefined ? undefined : toText(reason).slice(0, 1000);
    await tx.query(
      `insert into device_hold (worker_name, device, cause, reason, actor, count) values ($1, $2, $3, $4, $5, $6)
       on conflict (worker_name, device, cause) do update
         set reason = excluded.reason, actor = excluded.actor, count = excluded.count, since = now(), cleared_at = null`,
      [worker, identity, cause, text, by, count],
    );
    await tell(tx, {
      worker,
      type: "held",
      device: address,
      cause,
      by,
      ...(text === undefined ? {} : { reason: text }),
    });
  };

  const release = async (tx: Transaction, place: Place, cause: HoldCause, by: string): Promise<void> => {
    const { worker, identity, address } = place;
    const clear =
      cause === "memory-error" && by !== itself
        ? "update device_hold set cleared_at = now()"
        : "delete from device_hold";
    await tx.query(`${clear} where worker_name = $1 and device = $2 and cause = $3`, [
      worker,
      identity,
      cause,
    ]);
    await tell(tx, { worker, type: "released", device: address, cause, by });
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
        await tell(tx, { worker, type: "draining", by, ...(reason === undefined ? {} : { reason }) });
      }),

    resume: (workerId, by) =>
      transaction(async (tx) => {
        const worker = await lockWorker(tx, workerId);
        const { rowCount } = await tx.query("delete from worker_drain where worker_name = $1", [worker]);
        if (rowCount !== 0) await tell(tx, { worker, type: "resumed", by });
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
        for (const { worker } of rows) await tell(tx, { worker, type: "drained", by: itself });
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
          `delete from device_hold where worker_name = $1 and device = $2 and cleared_at is not null and count > $3`,
          [worker, identity, counted],
        );
        for (const finding of findings) {
          const known = holds.find(({ cause }) => cause === finding.cause);
          const accepted = known?.cleared ? Number(known.count) : 0;
          if (known && (!known.cleared || (accepted <= counted && accepted >= (finding.count ?? 0))))
            continue;
          await hold(tx, place, { ...finding, by: itself });
        }
        for (const { cause, cleared } of holds)
          if (!cleared && holdCauses[cause].returns && !findings.some((finding) => finding.cause === cause))
            await release(tx, place, cause, itself);
      }),
  };
}
