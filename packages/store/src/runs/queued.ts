import type {
  Blocker,
  PriorityClass,
  QueueEntry,
  QueuePage,
  QueueQuery,
  RunKind,
  RunState,
} from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { cursorOf } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { iso, present } from "../database/row.ts";
import { expectedEndOf, progressOf, toWaiting, waitingColumn, type WaitingRow } from "./row.ts";

export interface Queued {
  /** The runs that wait for devices, in the order in which they would start. Entries of other teams' runs have no details. */
  page(teamId: string, query?: QueueQuery): Promise<QueuePage>;
}

interface Row {
  id: string;
  place: number;
  position: number | null;
  own: boolean;
  class: PriorityClass;
  kind: RunKind;
  state: RunState;
  variant: string | null;
  experimentId: string | null;
  experiment: string | null;
  model: string | null;
  user: string | null;
  blockers: Blocker[] | null;
  dependents: Blocker[] | null;
  name: string | null;
  priority: number;
  queuedAt: Date;
  waiting: WaitingRow | null;
}

/** The scheduler does not see a held run, so what it told last of it is old. */
const position = "case when r.held_at is null then w.position end";
/** Runs that are about to start come first, runs without a position last. */
const place = `case r.state when 'DISPATCHED' then 0 else coalesce(${position}, 2147483647) end`;

const byPlace = cursorOf(["int", "id"]);

const names = `(select name from experiment where id = r.experiment_id) as experiment,
  (select name from model where id = r.model_id) as model, (select name from team_user where id = r.user_id) as "user"`;
/** What people call a run, or else what it is to make. */
const nameOf = (run: string): string => `coalesce(${run}.name, ${run}.spec ->> 'name')`;
/** Run `b` as another one names it; PostgreSQL writes an instant in JSON with an offset. */
const asBlocker = `jsonb_strip_nulls(jsonb_build_object('runId', b.id, 'kind', b.kind, 'state', b.state, 'name', ${nameOf("b")},
    'variant', b.variant, 'progress', ${progressOf("b")},
    'expectedEnd', to_char(${expectedEndOf("b")} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))`;
/** Runs that need the result of this one. */
const dependents = `(select jsonb_agg(${asBlocker} order by b.id) from (
    select o.* from run_dependency d join run o on o.id = d.run_id
    where d.depends_on_id = r.id and o.state = 'WAITING' order by o.id limit 20) b)`;
/** The team's runs whose end the scheduler waits for; those of other teams are only counted. */
const blockers = `(select jsonb_agg(${asBlocker} order by b.id)
  from jsonb_array_elements(w.unblocked_by) help (what), jsonb_array_elements_text(what -> 'runIds') named (run_id), run b
  where what ->> 'by' = 'runs' and b.id = run_id and b.team_id = r.team_id)`;

export const createQueued = ({ query }: Database): Queued => ({
  async page(teamId, { limit: wanted, cursor, own = false } = {}) {
    const limit = pageLimit(wanted);
    const [afterPlace, afterId] = byPlace.read(cursor);
    const { rows } = await query<Row>(
      `select r.id, ${place} as place, ${position} as position, r.team_id = $1 as own, r.class, r.kind, r.state, ${nameOf("r")} as name, r.priority, r.variant,
         r.experiment_id as "experimentId", ${names}, ${blockers} as blockers, case when r.team_id = $1 then ${dependents} end as dependents, r.queued_at as "queuedAt", ${waitingColumn} as waiting
       from run r left join run_waiting w on w.run_id = r.id
       where r.state in ('QUEUED', 'DISPATCHED') and (not $2 or r.team_id = $1)
         and ($3::int is null or (${place}, r.id) > ($3, $4))
       order by ${place}, r.id limit $5`,
      [teamId, own, afterPlace, afterId, limit + 1],
    );
    const { rows: counts } = await query<{ total: number; own: number }>(
      `select count(*)::int as total, (count(*) filter (where team_id = $1))::int as own
       from run where state in ('QUEUED', 'DISPATCHED')`,
      [teamId],
    );
    return { ...toPage(rows, limit, toEntry, (row) => byPlace.write(row.place, row.id)), ...counts[0]! };
  },
});

function toEntry(row: Row): QueueEntry {
  const common = {
    ...present({ position: row.position }),
    class: row.class,
    own: row.own,
    queuedAt: iso(row.queuedAt),
  };
  if (!row.own) return common;
  const { name, priority, kind, state, variant, experimentId, experiment, model, user } = row;
  const { blockers, dependents, waiting } = row;
  return {
    ...common,
    runId: row.id,
    kind,
    state,
    priority,
    ...present({ name, variant, experimentId, experiment, model, user, blockers, dependents }),
    ...present({ waiting: waiting && toWaiting(waiting) }),
  };
}
