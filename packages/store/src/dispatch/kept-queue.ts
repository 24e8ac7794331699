import type { Needs, PriorityClass, RunKind } from "@espalier/contract";
import type { Avoidance, Instant, QueuedRun } from "@espalier/scheduler";
import { wallMs } from "../attempts/wall-time.ts";
import type { Transaction } from "../database/database.ts";

/** Keys of the history that describe a run, and those of its pace. */
export type KeysOf = (
  kind: RunKind,
  modelId: string | null,
  predictedSeconds: number | null,
  /** What it asks of an engine, as `describeChoice` words it. */
  computesOn: string | null,
) => Pick<QueuedRun, "historyKeys" | "nominal">;

const ms = (instant: string) => `(extract(epoch from ${instant}) * 1000)::float8`;
const isQueued = "state = 'QUEUED' and held_at is null and cancel_requested_at is null";

/** Parts of the queue, by the hash of a run's id: of a part where nothing was written, nothing is read. */
const partCount = 1024;
const part = `hashtext(id) & ${partCount - 1}`;

/** Of each part a hash over its runs and the transactions that wrote their rows last: while nothing is written it is the same. */
const prints = `select array_agg(part) as parts, array_agg(print::text) as prints from (
    select ${part} as part, bit_xor(hashtextextended(id || ' ' || xmin, 0)) as print from run r where ${isQueued} group by 1) p`;

// One document is read several times faster than ten thousand rows.
const columns = `select coalesce(json_agg(json_build_array(id, team_id, coalesce(user_id, team_id), class, kind, model_id, shares, priority,
    ${ms("queued_at")}, ${ms("not_before")}, nullif(needs, '{}'), predicted_bytes, predicted_seconds,
    case when avoid_until > now() then json_build_object('places', avoid, 'until', ${ms("avoid_until")}) end,
    ${wallMs}, computes_on, ${part})), '[]') as runs
  from run r where ${isQueued} and ($1::int[] is null or ${part} = any($1))`;

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
  predictedSeconds: number | null,
  avoids: Avoidance | null,
  wallMs: number | null,
  computesOn: string | null,
  part: number,
];

interface Part {
  readonly print: string;
  readonly runs: QueuedRun[];
}

/** When more than this share of the parts has changed, the whole queue is read: to name so many costs more than it saves. */
const mostPart = 0.25;

/**
 * The queued runs as they were read last. A pass reads a hash of each part of the queue, and whole only the parts in which
 * something was written since. It belongs to one reader of one database.
 */
export class KeptQueue {
  #parts = new Map<number, Part>();
  #order: readonly QueuedRun[] = [];

  /**
   * The queued runs that the transaction sees, by priority, then age, which is how a plan takes those of a user. The very
   * same list as before if nothing was written.
   */
  async read(tx: Transaction, keys: KeysOf): Promise<readonly QueuedRun[]> {
    const printOf = await readPrints(tx);
    const changed = [...printOf.keys()].filter((part) => this.#parts.get(part)?.print !== printOf.get(part));
    if (changed.length === 0 && printOf.size === this.#parts.size) return this.#order;
    const parts = new Map<number, Part>();
    const gone = new Set<QueuedRun>();
    const added: QueuedRun[] = [];
    const all = changed.length > mostPart * printOf.size;
    for (const [part, print] of printOf) {
      const last = this.#parts.get(part);
      parts.set(part, last?.print === print && !all ? last : { print, runs: [] });
    }
    for (const [part, last] of this.#parts)
      if (parts.get(part) !== last) for (const run of last.runs) gone.add(run);
    if (changed.length > 0)
      for (const tuple of await tuples(tx, all ? null : changed)) {
        const run = toQueued(tuple, keys);
        added.push(run);
        parts.get(tuple.at(-1) as number)!.runs.push(run);
      }
    this.#parts = parts;
    // What stays is sorted already, which the sort makes use of.
    this.#order = [...this.#order.filter((run) => !gone.has(run)), ...added.sort(byPriority)].sort(
      byPriority,
    );
    return this.#order;
  }

  /** The next read reads everything, as a reader must whose database may be another one. */
  forget(): void {
    this.#parts = new Map();
    this.#order = [];
  }
}

async function readPrints(tx: Transaction): Promise<Map<number, string>> {
  const { rows } = await tx.query<{ parts: number[] | null; prints: string[] | null }>(prints);
  const { parts, prints: each } = rows[0]!;
  return new Map(parts?.map((part, i) => [part, each![i]!]));
}

const byPriority = (a: QueuedRun, b: QueuedRun): number =>
  b.priority - a.priority || a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1);

async function tuples(tx: Transaction, parts: readonly number[] | null): Promise<QueuedTuple[]> {
  const { rows } = await tx.query<{ runs: QueuedTuple[] }>(columns, [parts]);
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
    predictedSeconds,
    avoids,
    wallMs,
    computesOn,
  ]: QueuedTuple,
  keys: KeysOf,
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
    labels: computesOn === null ? (needs?.labels ?? none) : [...(needs?.labels ?? none), computesOn],
    memoryBytes: needs?.memoryBytes ?? predictedBytes,
    shares,
  },
  ...(avoids ? { avoids } : {}),
  ...(wallMs === null ? {} : { wallMs }),
  ...keys(kind, modelId, predictedSeconds, computesOn),
});
