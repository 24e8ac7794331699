import type { Page, Run, RunFilter, RunQuery } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { byId, byKey, filterOf, inOrder, passes, passesAlone, statesAndKinds, Values } from "./filter.ts";
import { columnsOf, toRun, withFields, type RunRow } from "./row.ts";

/** Models whose names fit a text that are looked for at most. */
const mostModels = 200;

/** The team's models in whose names a text stands. */
export async function modelsNamed(
  { query }: Pick<Database, "query">,
  teamId: string,
  text: string | undefined,
): Promise<string[]> {
  if (text === undefined) return [];
  const { rows } = await query<{ id: string }>(
    "select id from model where team_id = $1 and strpos(lower(name), lower($2)) > 0 order by id desc limit $3",
    [teamId, text, mostModels],
  );
  return rows.map(({ id }) => id);
}

/** `GET /v1/runs` */
export async function listRuns(
  database: Pick<Database, "query">,
  teamId: string,
  query: RunQuery,
): Promise<Page<Run>> {
  const { limit: wanted, cursor, sort = "newest", fields } = query;
  const filter = filterOf(query);
  const limit = pageLimit(wanted);
  const values = new Values();
  const team = values.add(teamId);
  const most = values.add(limit + 1);
  const { order, after, key } = inOrder(values, sort, cursor);
  const part = { team, after, order, most };
  const sortsById = sort === "newest" || sort === "oldest";
  const page =
    sortsById && isOfStates(filter)
      ? pageOfStates(values, filter, part)
      : await pageOf(values, filter, { ...part, sortsById, teamId, database });
  const { rows } = await database.query<RunRow & { key: string | null }>(
    `select ${columnsOf(fields)}, ${key} as key from run r where r.team_id = ${team} and r.id in (${page}) order by ${order}`,
    values.all,
  );
  return toPage(
    rows,
    limit,
    (row) => withFields(toRun(row), fields),
    (row) => (row.key === null ? byId.write(row.id) : byKey.write(row.key, row.id)),
  );
}

/** A filter that asks for states and kinds, and for nothing else. */
const isOfStates = (filter: RunFilter): boolean =>
  Object.keys(filter).length > 0 && Object.keys(filter).every((name) => name === "state" || name === "kind");

/**
 * The newest or oldest runs of some states and kinds. An index has the runs of each combination in order, so that it is read no further
 * than the page is long, however many other runs there are.
 */
function pageOfStates(
  values: Values,
  filter: RunFilter,
  { team, after, order, most }: Pick<Part, "team" | "after" | "order" | "most">,
): string {
  const { states, kinds } = statesAndKinds(filter);
  return `select first.id from unnest(${values.add(states)}::text[]) s (state), unnest(${values.add(kinds)}::text[]) k (kind), lateral (
      select r.id from run r where r.team_id = ${team} and r.kind = k.kind and r.state = s.state and ${after}
      order by ${order} limit ${most}) first
    order by ${order.replaceAll("r.id", "first.id")} limit ${most}`;
}

/** Runs that are looked at one by one before an index is asked for all that have a word. */
const fewRuns = 2000;

interface Part extends Record<"team" | "after" | "order" | "most", string> {
  sortsById: boolean;
  teamId: string;
  database: Pick<Database, "query">;
}

/**
 * A page of runs that pass a filter. A word that many runs have fills the page with the first few thousand runs, where to find all
 * that have it and to sort them would take as long as they are many; so these are tried first.
 */
async function pageOf(
  values: Values,
  filter: RunFilter,
  { team, after, order, most, sortsById, teamId, database }: Part,
): Promise<string> {
  const models = await modelsNamed(database, teamId, filter.q);
  const all = `select r.id from ${sourceOf(values, filter)} r where r.team_id = ${team} and ${after}
    and ${passes(values, teamId, filter, models)} order by ${order} limit ${most}`;
  const hasWords = filter.q !== undefined || filter.tag !== undefined;
  if (!sortsById || !hasWords || filter.experimentId !== undefined) return all;
  const first = `select r.id from (select * from run r where r.team_id = ${team} and ${after} order by ${order} limit ${fewRuns}) r
    where ${passesAlone(values, teamId, filter, models)} order by ${order} limit ${most}`;
  return `with first as materialized (${first}) select id from first
    union all select id from (${all}) a where (select count(*) from first) < ${most}`;
}

/** The runs of experiments are few; they are read before they are sorted. */
const sourceOf = (values: Values, { experimentId }: RunFilter): string =>
  experimentId === undefined
    ? "run"
    : `(select * from run where experiment_id = any(${values.add(experimentId)}::text[]) offset 0)`;
