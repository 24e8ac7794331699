import { isTerminal, runStates, type RecordedEvent, type RunState } from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import type { Message } from "./messages.ts";

interface Parent {
  id: string;
  name: string;
  user: string;
  /** The event with which the last of its runs ended. */
  event: string;
  states: Partial<Record<RunState, number>>;
}

const terminal = runStates.filter(isTerminal);
/** What has runs: its table, the column of `run` that refers to it, and its name. */
const kinds = [
  {
    type: "experiment.ended",
    table: "experiment",
    column: "experiment_id",
    field: "experimentId",
    name: "p.name",
  },
  { type: "array.ended", table: "run_array", column: "array_id", field: "arrayId", name: "p.indices" },
] as const;

/**
 * The experiments and arrays whose last run ended with one of these events. It did where all their runs have ended and no event of
 * them is later: so that each end is told once, also where runs end at the same moment, and once more after a retry.
 */
export async function endedParents(
  tx: Transaction,
  ends: readonly { teamId: string; event: RecordedEvent }[],
): Promise<Message[]> {
  if (ends.length === 0) return [];
  const messages: Message[] = [];
  const runIds = ends.map(({ event }) => event.runId);
  for (const { type, table, column, field, name } of kinds) {
    const { rows } = await tx.query<Parent>(
      `select p.id, ${name} as name, coalesce(p.created_by ->> 'user', 'default') as user, l.event,
         (select jsonb_object_agg(state, n) from (
            select state, count(*) as n from run where ${column} = p.id group by state) s) as states
       from ${table} p cross join lateral (
         select e.xid || '-' || e.seq as event from run r join event e on e.run_id = r.id
         where r.${column} = p.id and e.body ->> 'type' = 'run.state' order by e.xid desc, e.seq desc limit 1) l
       where p.id in (select ${column} from run where id = any($1))
         and not exists (select from run where ${column} = p.id and state <> all($2))`,
      [runIds, terminal],
    );
    for (const { id, name, user, event, states } of rows) {
      const last = ends.find((end) => end.event.id === event);
      if (!last) continue;
      messages.push({
        id: `msg_${event}-${table}`,
        type,
        at: last.event.at,
        teamId: last.teamId,
        user,
        data: { [field]: id, name, user, state: stateOf(states), runs: states },
        ...(type === "experiment.ended" ? { experimentId: id } : {}),
      });
    }
  }
  return messages;
}

/** As the experiment's own: one that was cancelled in part has failed where something else failed. */
function stateOf(states: Parent["states"]): "SUCCEEDED" | "FAILED" | "CANCELLED" {
  if (states.FAILED || states.SKIPPED || states.QUARANTINED) return "FAILED";
  return states.CANCELLED ? "CANCELLED" : "SUCCEEDED";
}
