import type { Needs, PriorityClass, RunKind } from "@espalier/contract";
import type { Avoidance, Instant, QueuedRun } from "@espalier/scheduler";
import { wallMs } from "../attempts/wall-time.ts";
import type { Transaction } from "../database/database.ts";

/** Keys of the history that describe a run: others of its kind and model, then all of its kind. */
export type HistoryKeys = (kind: RunKind, modelId: string | null) => readonly string[];

const ms = (instant: string) => `(extract(epoch from ${instant}) * 1000)::float8`;
const isQueued = "state = 'QUEUED' and held_at is null and cancel_requested_at is null";

/** The queued runs, each with the transaction that wrote its row last: a row that was not written since is as it was. */
const versions = `select coalesce(string_agg(r.id || ' ' || r.xmin, ' '), '') as versions from run r where ${isQueued}`;

// One document is read several times faster than ten thousand rows.
const columns = `select coalesce(json_agg(json_build_array(id, team_id, coalesce(user_id, team_id), class, kind, model_id, shares, priority,
    ${ms("queued_at")}, ${ms("not_before")}, nullif(needs, '{}'), predicted_bytes,
    case when avoid_until > now() then json_build_object('places', avoid, 'until', ${ms("avoid_until")}) end,
    ${wallMs})), '[]') as runs
  from run r where ${isQueued} and ($1::text[] is null or id = any($1))`;

type QueuedTuple = [
  id: string,
  teamId: string,
  userId: string,
  priorityClass: PriorityClass,
  kind: RunKind,
  modelId: string | null,
  shares: boolean,
  priority: number,
  queuedAt: Instant,
  notBefore: Instant | null,
  needs: Needs | null,
  predictedBytes: number | null,
  avoids: Avoidance | null,
  wallMs: number | null,
];

interface Kept {
  readonly version: string;
  readonly run: QueuedRun;
}

/** When more than this part of the queue is new, all of it is read: a list of so many ids costs more than it saves. */
const mostPart = 0.25;

/**
 * The queued runs as they were read last. A pass reads of each run only which transaction has written its row, and the rest
 * of those that were written since. It belongs to one reader of one database.
 */
export class KeptQueue {
  #kept = new Map<string, Kept>();
  #order: readonly QueuedRun[] = [];

  /** The queued runs that the transaction sees, by priority, then age, which is how a plan takes those of a user. */
  async read(tx: Transaction, historyKeys: HistoryKeys): Promise<QueuedRun[]> {
    const versionOf = await this.#versions(tx);
    const fresh = [...versionOf.keys()].filter((id) => this.#kept.get(id)?.version !== versionOf.get(id));
    const read = new Map(
      fresh.length === 0
        ? []
        : (await tuples(tx, fresh.length > mostPart * versionOf.size ? null : fresh)).map((tuple) => [
            tuple[0],
            tuple,
          ]),
    );
    const kept = new Map<string, Kept>();
    const added: QueuedRun[] = [];
    for (const [id, version] of versionOf) {
      const last = this.#kept.get(id);
      if (last?.version === version) kept.set(id, last);
      else {
        const run = toQueued(read.get(id)!, historyKeys);
        kept.set(id, { version, run });
        added.push(run);
      }
    }
    const same = added.length === 0 && kept.size === this.#order.length;
    this.#kept = kept;
    // What stays is sorted already, which the sort makes use of.
    if (!same)
      this.#order = [...this.#order.filter((run) => kept.get(run.id)?.run === run), ...added].sort(
        byPriority,
      );
    return [...this.#order];
  }

  /** The next read reads everything, as a reader must whose database may be another one. */
  forget(): void {
    this.#kept = new Map();
    this.#order = [];
  }

  async #versions(tx: Transaction): Promise<Map<string, string>> {
    const { rows } = await tx.query<{ versions: string }>(versions);
    const words = rows[0]!.versions.split(" ");
    const versionOf = new Map<string, string>();
    for (let i = 0; i + 1 < words.length; i += 2) versionOf.set(words[i]!, words[i + 1]!);
    return versionOf;
  }
}

const byPriority = (a: QueuedRun, b: QueuedRun): number =>
  b.priority - a.priority || a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1);

async function tuples(tx: Transaction, ids: readonly string[] | null): Promise<QueuedTuple[]> {
  const { rows } = await tx.query<{ runs: QueuedTuple[] }>(columns, [ids]);
  return rows[0]!.runs;
}

const none: readonly string[] = [];

const toQueued = (
  [
    id,
    teamId,
    userId,
    priorityClass,
    kind,
    modelId,
    shares,
    priority,
    queuedAt,
    notBefore,
    needs,
    predictedBytes,
    avoids,
    wallMs,
  ]: QueuedTuple,
  historyKeys: HistoryKeys,
): QueuedRun => ({
  id,
  teamId,
  userId,
  class: priorityClass,
  priority,
  queuedAt,
  notBefore,
  needs: {
    devices: needs?.devices ?? 1,
    kinds: needs?.kinds ?? none,
    labels: needs?.labels ?? none,
    memoryBytes: needs?.memoryBytes ?? predictedBytes,
    shares,
  },
  ...(avoids ? { avoids } : {}),
  ...(wallMs === null ? {} : { wallMs }),
  historyKeys: historyKeys(kind, modelId),
});
