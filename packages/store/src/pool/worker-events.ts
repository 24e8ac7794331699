import type { HoldCause, Page, PageQuery, WorkerEvent } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import type { WorkerEvent as WorkerEventRow } from "../generated/client.ts";
import { cursorOf } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { iso, present } from "../database/row.ts";

export interface WorkerEvents {
  /** Newest first. */
  list(workerName: string, page?: PageQuery): Promise<Page<WorkerEvent>>;
  /** Deletes events that are older than this (default: 90 days), and returns how many. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

const byNumber = cursorOf(["bigint"]);

export type NewWorkerEvent = Pick<WorkerEvent, "worker" | "type" | "device" | "cause" | "reason"> & {
  by: string;
};

/** Writes an event, in the transaction of the change that it is about. */
export async function writeWorkerEvent(tx: Transaction, event: NewWorkerEvent): Promise<void> {
  const { worker, type, device, cause, reason, by } = event;
  await tx.query(
    `insert into worker_event (worker_name, type, device, cause, reason, actor) values ($1, $2, $3, $4, $5, $6)`,
    [worker, type, device, cause, reason, by],
  );
}

export function createWorkerEvents({ prisma, query }: Database): WorkerEvents {
  return {
    async list(workerName, { limit, cursor } = {}) {
      const size = pageLimit(limit);
      const [before] = byNumber.read(cursor);
      const rows = await prisma.workerEvent.findMany({
        where: { workerName, ...(before === undefined ? {} : { id: { lt: BigInt(before) } }) },
        orderBy: { id: "desc" },
        take: size + 1,
      });
      return toPage(rows, size, toEvent, ({ id }) => byNumber.write(id));
    },
    async sweep(olderThanSeconds = 90 * 86_400) {
      const { rowCount } = await query(
        "delete from worker_event where at < now() - make_interval(secs => $1)",
        [olderThanSeconds],
      );
      return rowCount ?? 0;
    },
  };
}

const toEvent = (row: WorkerEventRow): WorkerEvent => ({
  id: String(row.id),
  at: iso(row.at),
  worker: row.workerName,
  type: row.type as WorkerEvent["type"],
  ...present({
    device: row.device,
    cause: row.cause as HoldCause | null,
    reason: row.reason,
    by: row.actor,
  }),
});
