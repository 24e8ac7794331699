import { problems, type PastFailure, type ProblemDocument } from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { toText } from "../database/json.ts";
import { describeFailures, findCulprits, lockFailures, type DeviceFailure } from "../pool/failures.ts";
import { hold, type Place } from "../pool/holds.ts";

/** An attempt that ends, and what happened to the run before. */
interface Failed {
  runId: string;
  attempt: number;
  worker: string;
  workerId: string;
  state: "FAILED" | "LOST" | "RETURNED" | "PREEMPTED";
  problem: ProblemDocument;
  past: readonly PastFailure[];
}

interface DevicePlace extends Place {
  id: string;
}

/** Devices of the run that ends, or with `all` those of its worker. */
async function readPlaces(tx: Transaction, { runId, workerId }: Failed, all = false): Promise<DevicePlace[]> {
  const { rows } = await tx.query<DevicePlace>(
    `select d.id, w.name as worker, d.identity, d.address from device d join worker w on w.id = d.worker_id
     where d.worker_id = $1 and ($2 or d.id in (select device_id from run_device where run_id = $3)) order by d.position`,
    [workerId, all, runId],
  );
  return rows;
}

/**
 * Counts the failure of an attempt against the devices of its run, and holds them, or all of its worker, when different runs
 * have failed there one after another. A run that has failed in the same way on another worker is likely to be at fault
 * itself: then nothing that it did is counted against any device.
 * @returns where the next attempt should not be, and whether the failure is excused because its device is held now
 */
export async function blame(
  tx: Transaction,
  failed: Failed,
): Promise<{ places: string[]; excused: boolean }> {
  const { runId, attempt, worker, workerId, state, problem, past } = failed;
  const devices = await readPlaces(tx, failed);
  const places = [workerId, ...devices.map(({ id }) => id)];
  const { failure } = problems[problem.code];
  const likewise = past.some((each) => each.failure === failure && each.worker !== worker && !each.excused);
  if (likewise && failure !== "host") {
    await acquit(tx, runId);
    return { places, excused: false };
  }
  await lockFailures(tx, worker);
  // A device that has passed a test since the attempt began is not held again for what was before, such as a lost lease.
  await tx.query(
    `insert into device_failure (worker_name, device, run_id, attempt, incident, detail)
     select $1, d, $3, $4, $5, $6 from unnest($2::text[]) d
     where not exists (
       select from device_hold h join attempt a on a.run_id = $3 and a.number = $4
       where h.worker_name = $1 and h.device = d and h.cause = 'failures' and h.cleared_at > a.started_at)`,
    [
      worker,
      devices.map(({ identity }) => identity),
      runId,
      attempt,
      state === "LOST" ? workerId : runId,
      toText(problem.detail).slice(0, 500),
    ],
  );
  const { rows: failures } = await tx.query<DeviceFailure>(
    `select device, run_id as "runId", incident, detail, isolated from device_failure where worker_name = $1 order by at`,
    [worker],
  );
  const culprits = findCulprits(failures);
  if ("worker" in culprits)
    await holdForFailures(
      tx,
      await readPlaces(tx, failed, true),
      describeFailures(
        failures.filter(({ isolated }) => !isolated),
        `devices of worker ${worker}`,
      ),
    );
  else
    for (const place of devices.filter(({ identity }) => culprits.devices.includes(identity)))
      await holdForFailures(
        tx,
        [place],
        describeFailures(
          failures.filter(({ device }) => device === place.identity),
          "it",
        ),
      );
  const { rowCount: held } = await tx.query(
    `select from device_hold where worker_name = $1 and device = any($2) and cause = 'failures' and cleared_at is null`,
    [worker, devices.map(({ identity }) => identity)],
  );
  return { places, excused: held !== 0 };
}

async function holdForFailures(tx: Transaction, devices: readonly Place[], reason: string): Promise<void> {
  for (const place of devices) {
    const { rows } = await tx.query<{ count: string; cleared: boolean }>(
      `select count, cleared_at is not null as cleared from device_hold
       where worker_name = $1 and device = $2 and cause = 'failures'`,
      [place.worker, place.identity],
    );
    const before = rows[0];
    if (before && !before.cleared) continue;
    const count = Number(before?.count ?? 0) + 1;
    await hold(tx, place, { cause: "failures", reason, count, by: "service" });
  }
}

/** Takes back what a run has had counted against devices. */
async function acquit(tx: Transaction, runId: string): Promise<void> {
  await tx.query(
    `with taken_back as (delete from device_failure where run_id = $1 returning worker_name, device)
     delete from device_hold h using taken_back t where h.worker_name = t.worker_name and h.device = t.device
       and h.cause = 'failures' and h.cleared_at is not null`,
    [runId],
  );
}

/** Whether no worker but this one could take the run, as far as kinds, labels and memory tell. */
export async function isOnlyWorker(tx: Transaction, runId: string, worker: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `select from run r, claimable_device d join worker w on w.id = d.worker_id
     where r.id = $1 and w.name <> $2
       and (r.needs -> 'kinds' is null or jsonb_array_length(r.needs -> 'kinds') = 0 or r.needs -> 'kinds' ? d.kind)
       and not exists (
         select from jsonb_array_elements_text(coalesce(r.needs -> 'labels', '[]')) l
         where w.labels ->> split_part(l, '=', 1) is distinct from substr(l, strpos(l, '=') + 1))
       and (d.memory_bytes = 0
         or d.memory_bytes >= coalesce((r.needs ->> 'memoryBytes')::bigint, r.predicted_bytes, 0))
     group by w.id, r.needs having count(*) >= coalesce((r.needs ->> 'devices')::int, 1) limit 1`,
    [runId, worker],
  );
  return rowCount === 0;
}
