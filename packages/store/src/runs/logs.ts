import { isTerminal, type RunState } from "@espalier/contract";
import { leaseLost } from "../attempts/end.ts";
import type { Database } from "../database/database.ts";
import { toText } from "../database/json.ts";
import { cursorOf } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso } from "../database/row.ts";
import type { Lease, LogLevel, LogLine, Page, PageQuery } from "@espalier/contract";

export interface Logs {
  /** Appends lines to the log of the lease's run. Throws `lease/lost`. */
  append(lease: Lease, lines: readonly { level: LogLevel; message: string }[]): Promise<void>;
  /** Oldest first. While the run can still write, the last page has a cursor too. */
  list(teamId: string, runId: string, query?: PageQuery): Promise<Page<LogLine>>;
}

/**
 * Reads and locks the run of a lease ($1 run, $2 attempt, $3 worker) for as long as the statement that writes its data.
 *
 * The lock is the weakest there is, FOR KEY SHARE. It does not meet the locks of renewals, cancellations and requests to make
 * room (FOR NO KEY UPDATE), so however slow a write is, none of them waits for it. It meets FOR UPDATE, under which
 * `holdRun` ends an attempt: an attempt ends after what it was writing, and no later attempt can be claimed before that. A write
 * that comes after the end finds no row. `succeed` and `cancelled` take no FOR UPDATE, but they come from the worker
 * that writes, and no claim follows them. So what an attempt has written is there before the next one reads its
 * checkpoint.
 */
export const heldRun =
  "select id from run where id = $1 and attempt = $2 and lease_owner = $3 and state = 'RUNNING' for key share";

const bySequence = cursorOf(["bigint"]);

const maxMessage = 16_384;

export function createLogs({ prisma, bulk }: Database): Logs {
  return {
    async append(lease, lines) {
      if (lines.length === 0) return;
      const { rows } = await bulk<{ held: boolean }>(
        `with held as (${heldRun}), written as (
           insert into log_line (run_id, attempt, level, message)
           select held.id, $2, l.level, l.message
           from held, unnest($4::text[], $5::text[]) with ordinality as l(level, message, position) order by l.position
         )
         select exists (select from held) as held`,
        [
          lease.runId,
          lease.attempt,
          lease.workerId,
          lines.map(({ level }) => level),
          lines.map(({ message }) => toText(message.slice(0, maxMessage))),
        ],
      );
      if (!rows[0]?.held) throw leaseLost(lease);
    },

    async list(teamId, runId, { limit: wanted, cursor } = {}) {
      const limit = pageLimit(wanted);
      const [after = "0"] = bySequence.read(cursor);
      const run = await prisma.run.findUnique({ where: { id: runId, teamId }, select: { state: true } });
      const { state } = found(run, "run", runId);
      const rows = await prisma.logLine.findMany({
        where: { runId, seq: { gt: BigInt(after) } },
        orderBy: { seq: "asc" },
        take: limit + 1,
      });
      const page = toPage(
        rows,
        limit,
        ({ attempt, at, level, message }): LogLine => ({
          attempt,
          at: iso(at),
          level: level as LogLevel,
          message,
        }),
        ({ seq }) => bySequence.write(seq),
      );
      // The run can still write, so the reader gets a cursor to come back with.
      return page.cursor === undefined && !isTerminal(state as RunState)
        ? { ...page, cursor: bySequence.write(rows.at(-1)?.seq ?? after) }
        : page;
    },
  };
}
