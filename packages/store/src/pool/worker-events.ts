import type { HoldCause, Page, PageQuery, WorkerEvent } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { matchCursor, pageLimit, toPage } from "../database/page.ts";
import { iso, present } from "../database/row.ts";

export interface WorkerEvents {
  /** Newest first. */
  list(workerName: string, page?: PageQuery): Promise<Page<WorkerEvent>>;
  /** Forgets events older than this; default 90 days. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

export type NewWorkerEvent = Pick<WorkerEvent, "worker" | "type" | "device" | "cause" | "reason"> & {
  by: string;
};

/** Writes an event in the transaction of the change that it tells of. */
export async function tell(tx: Transaction, event: NewWorkerEvent): Promise<void> {
  const { worker, type, device, cause, reason, by } = event;
  await tx.query(
    `insert into worker_event (worker_name, type, device, cause, reason, actor) values ($1, $2, $3, $4, $5, $6)`,
    [worker, type, device, cause, reason, by],
  );
}

interface Row {
  id: string;
  at: Date;
  worker: string;
  type: WorkerEvent["type"];
  device: string | null;
  cause: HoldCause | null;
  reason: string | null;
  by: string;
}

export function createWorkerEvents({ query }: Database): WorkerEvents {
  return {
    async list(workerName, { limit, cursor } = {}) {
      const size = pageLimit(limit);
      const before = cursor === undefined ? undefined : matchCursor(cursor, /^\d{1,18}$/)[0];
      const { rows } = await query<Row>(
        `select id, at, worker_name as worker, type, device, cause, reason, actor as by from worker_event
         where worker_name = $1 and ($2::bigint is null or id < $2) order by id desc limit $3`,
        [workerName, before, size + 1],
      );
      return toPage(rows, size, toEvent, ({ id }) => id);
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

const toEvent = ({ id, at, worker, type, ...rest }: Row): WorkerEvent => ({
  id,
  at: iso(at),
  worker,
  type,
  ...present(rest),
});
