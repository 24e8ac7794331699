import { logLevels, isTerminal, type RunState } from "@espalier/contract";
import { leaseLost } from "../attempts/end.ts";
import type { Database } from "../database/database.ts";
import { toText } from "../database/json.ts";
import { cursorOf } from "../database/cursor.ts";
import { pageLimit } from "../database/page.ts";
import { found, iso } from "../database/row.ts";
import type { Lease, LogLevel, LogPage, LogsQuery } from "@espalier/contract";

export interface Logs {
  /** Appends lines to the log of the lease's run. Throws `lease/lost`. */
  append(lease: Lease, lines: readonly { level: LogLevel; message: string }[]): Promise<void>;
  /** Oldest first, from the first line or the last ones. While the run can still write, the last page has a cursor too. */
  list(teamId: string, runId: string, query?: LogsQuery): Promise<LogPage>;
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

export function createLogs({ prisma, bulk, query }: Database): Logs {
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

    async list(teamId, runId, { limit: wanted, cursor, tail = false, before, level, q, attempt } = {}) {
      const limit = pageLimit(wanted);
      const [after = "0"] = bySequence.read(cursor);
      const [until] = bySequence.read(before);
      const backwards = cursor === undefined && (tail || before !== undefined);
      const run = await prisma.run.findFirst({ where: { id: runId, teamId }, select: { state: true } });
      const { state } = found(run, "run", runId);
      const { rows } = await query<LogRow>(
        `select seq, attempt, at, level, message from log_line where run_id = $1 and seq > $2 and ($3::bigint is null or seq < $3)
           and ($4::text[] is null or level = any($4)) and ($5::text is null or strpos(lower(message), lower($5)) > 0)
           and ($6::int is null or attempt = $6)
         order by seq ${backwards ? "desc" : "asc"} limit $7`,
        [
          runId,
          after,
          until ?? null,
          level === undefined ? null : graverThan(level),
          q ?? null,
          attempt ?? null,
          limit + 1,
        ],
      );
      const more = rows.length > limit;
      const lines = backwards ? rows.slice(0, limit).reverse() : rows.slice(0, limit);
      const last = lines.at(-1)?.seq ?? after;
      // While the run can write, the reader gets a cursor to come back with.
      const goesOn = before === undefined && (!isTerminal(state as RunState) || (more && !backwards));
      return {
        items: lines.map(({ attempt, at, level, message }) => ({ attempt, at: iso(at), level, message })),
        ...(goesOn ? { cursor: bySequence.write(last) } : {}),
        ...(backwards && more ? { earlier: bySequence.write(lines[0]!.seq) } : {}),
      };
    },
  };
}

interface LogRow {
  seq: string;
  attempt: number;
  at: Date;
  level: LogLevel;
  message: string;
}

const graverThan = (level: LogLevel): LogLevel[] => logLevels.slice(logLevels.indexOf(level));
