import {
  newId,
  type Author,
  type MadeByQuery,
  type Page,
  type RunArray,
  type RunChange,
  type RunState,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { byId } from "../database/cursor.ts";
import { toJson } from "../database/json.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, present } from "../database/row.ts";
import { changeRuns, lockedStates } from "../runs/change.ts";
import { holdRuns, releaseRuns } from "../runs/hold.ts";
import { cancelRuns, type NewRun } from "../runs/runs.ts";
import { submitRun } from "../runs/submit.ts";
import { queueNextOfArrays } from "./turns.ts";

export interface NewArray {
  teamId: string;
  userId?: string;
  createdBy?: Author;
  /** As it was asked for, such as `0-9%3`. */
  array: string;
  /** How many may be queued or computing at a time; default: all. */
  atOnce?: number;
  runs: (NewRun & { index: number })[];
}

export interface Arrays {
  /** Writes the array and all its runs, or nothing. */
  submit(input: NewArray, tx?: Transaction): Promise<RunArray>;
  get(teamId: string, arrayId: string): Promise<RunArray>;
  /** Newest first. */
  list(teamId: string, query?: MadeByQuery): Promise<Page<RunArray>>;
  /** Cancels every run that has not ended; `by` is for the record. */
  cancel(teamId: string, arrayId: string, by?: Author): Promise<RunArray>;
  /** Holds every run that has not started. */
  hold(teamId: string, arrayId: string, by: string): Promise<RunArray>;
  /** Releases every run that is held. */
  release(teamId: string, arrayId: string, by: string): Promise<RunArray>;
  /** Changes every run as far as its state allows it; `by` is for the record. */
  change(input: { teamId: string; arrayId: string; change: RunChange; by: string }): Promise<RunArray>;
}

interface Row {
  id: string;
  indices: string;
  createdAt: Date;
  createdBy: Author | null;
  runs: { index: number; runId: string; state: RunState }[];
}

const select = `select t.id, t.indices, t.created_at as "createdAt", t.created_by as "createdBy", coalesce((
    select json_agg(json_build_object('index', r.array_index, 'runId', r.id, 'state', r.state) order by r.array_index)
    from run r where r.array_id = t.id), '[]') as runs
  from run_array t where t.team_id = $1`;

export function createArrays({ query, transaction, within }: Database): Arrays {
  async function read(tx: Pick<Transaction, "query">, teamId: string, arrayId: string): Promise<RunArray> {
    const { rows } = await tx.query<Row>(`${select} and t.id = $2`, [teamId, arrayId]);
    return toArray(found(rows[0], "array", arrayId));
  }

  /** Does something to all runs of an array, in one transaction. */
  const withAll = (
    teamId: string,
    arrayId: string,
    work: (tx: Transaction, runIds: string[]) => Promise<unknown>,
  ): Promise<RunArray> =>
    transaction(async (tx) => {
      const { runs } = await read(tx, teamId, arrayId);
      await work(
        tx,
        runs.map(({ runId }) => runId),
      );
      return read(tx, teamId, arrayId);
    });

  return {
    submit: ({ array, atOnce, runs, ...owner }, tx) =>
      within(tx, async (tx) => {
        const id = newId("array");
        await tx.query(
          "insert into run_array (id, team_id, indices, at_once, created_by) values ($1, $2, $3, $4, $5)",
          [id, owner.teamId, array, atOnce, owner.createdBy === undefined ? null : toJson(owner.createdBy)],
        );
        const runIds: string[] = [];
        for (const { index, ...run } of runs)
          runIds.push((await submitRun(tx, { ...run, ...owner, array: { id, index } })).id);
        await queueNextOfArrays(tx, runIds);
        return read(tx, owner.teamId, id);
      }),
    get: (teamId, arrayId) => read({ query } as Transaction, teamId, arrayId),
    async list(teamId, { limit: wanted, cursor, createdBy } = {}) {
      const limit = pageLimit(wanted);
      const { rows } = await query<Row>(
        `${select} and ($2::text is null or t.id < $2)
           and ($4::text is null or t.created_by ->> 'user' = $4) order by t.id desc limit $3`,
        [teamId, byId.read(cursor)[0], limit + 1, createdBy],
      );
      return toPage(rows, limit, toArray, ({ id }) => id);
    },
    cancel: (teamId, arrayId, by) => withAll(teamId, arrayId, (tx, ids) => cancelRuns(tx, ids, by)),
    hold: (teamId, arrayId, by) => withAll(teamId, arrayId, (tx, ids) => holdRuns(tx, ids, by)),
    release: (teamId, arrayId, by) => withAll(teamId, arrayId, (tx, ids) => releaseRuns(tx, ids, by)),
    change: ({ teamId, arrayId, change, by }) =>
      withAll(teamId, arrayId, async (tx, ids) => changeRuns(tx, await lockedStates(tx, ids), change, by)),
  };
}

const toArray = ({ id, indices, runs, createdAt, createdBy }: Row): RunArray => ({
  id,
  array: indices,
  runs,
  createdAt: iso(createdAt),
  ...present({ createdBy }),
});
