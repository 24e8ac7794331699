import { runKinds, runStates, type RunFilter, type RunFilterQuery, type RunOrder } from "@espalier/contract";
import { cursorOf } from "../database/cursor.ts";

/** Collects the values of a statement; each is written as its number. */
export class Values {
  readonly all: unknown[] = [];

  add(value: unknown): string {
    this.all.push(value);
    return `$${this.all.length}`;
  }
}

/** A filter with each value as a list, as the API has it. */
export function filterOf(query: RunFilterQuery): RunFilter {
  const { state, kind, class: classes, model, experimentId, createdBy, tag, q } = query;
  const lists = { state, kind, class: classes, model, experimentId, createdBy, tag };
  const given = Object.entries(lists).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given.map(([name, value]) => [name, [value].flat()])),
    ...(q === undefined ? {} : { q }),
  };
}

const lexeme = (word: string): string =>
  `'''' || replace(replace(${word}, '\\', '\\\\'), '''', '''''') || ''''`;

/** The words of a run, as the index `run_words` has them, are those of its name, the whole name, and its tags. */
const withWords = (team: string, wanted: string): string => `select runs_with_words(${team}, ${wanted})`;

/** A query for words that begin with those of a text $n, or for one that begins with all of it. */
const beginningWith = (
  text: string,
): string => `(select concat_ws(' | ', ${lexeme(text)} || ':*', ${lexeme(`lower(${text})`)} || ':*', (
  select string_agg(${lexeme("word")} || ':*', ' & ')
  from regexp_split_to_table(lower(${text}), '[^[:alnum:]]+') word where word <> ''))::tsquery)`;

/** Digits that ids are made of. */
const idBeginning = /^run_[0-9a-hjkmnp-tv-z]{1,26}$/;
const idLength = "run_".length + 26;

/** Filters that look at one column of a run each. */
type ColumnFilter = Omit<RunFilter, "q">;

/** The condition that run `r` passes a filter; `true` where it asks for nothing. */
export function passesColumns(values: Values, teamId: string, filter: ColumnFilter): string {
  const { state, kind, class: classes, model, experimentId, createdBy, tag } = filter;
  const conditions: string[] = [];
  const among = (column: string, list: readonly string[] | undefined): void => {
    if (list !== undefined) conditions.push(`${column} = any(${values.add(list)}::text[])`);
  };
  among("r.state", state);
  among("r.kind", kind);
  among("r.class", classes);
  among("r.model_id", model);
  among("r.experiment_id", experimentId);
  if (createdBy !== undefined)
    conditions.push(`r.user_id = any(array(select u.id from team_user u
      where u.team_id = ${values.add(teamId)} and u.name = any(${values.add(createdBy)}::text[])))`);
  if (tag !== undefined) conditions.push(`r.tags && ${values.add(tag)}::text[]`);
  return conditions.join(" and ") || "true";
}

/**
 * As {@link passesColumns}, with the filter's text, and so that indexes serve.
 * @param modelIds of the team's models whose names fit the text
 */
export function passes(
  values: Values,
  teamId: string,
  { q, ...filter }: RunFilter,
  modelIds: readonly string[],
): string {
  const conditions = [passesColumns(values, teamId, filter)];
  if (filter.tag !== undefined) {
    const found = `(select string_agg(${lexeme("tag")}, ' | ')::tsquery from unnest(${values.add(filter.tag)}::text[]) tag)`;
    conditions.push(`r.id in (${withWords(values.add(teamId), found)})`);
  }
  if (q !== undefined) {
    const team = values.add(teamId);
    const found = (condition: string): string =>
      `select f.id from run f where f.team_id = ${team} and ${condition}`;
    const ways = [withWords(team, beginningWith(`${values.add(q)}::text`))];
    if (idBeginning.test(q))
      ways.push(
        found(
          `f.id between ${values.add(q.padEnd(idLength, "0"))} and ${values.add(q.padEnd(idLength, "z"))}`,
        ),
      );
    if (modelIds.length > 0) ways.push(found(`f.model_id = any(${values.add(modelIds)}::text[])`));
    conditions.push(`r.id in (${ways.join(" union all ")})`);
  }
  return conditions.join(" and ");
}

/** The words of run `r`, as the index `run_words` and the function `runs_with_words` have them. */
const wordsOfRun = `array_to_tsvector(array_remove(regexp_split_to_array(lower(coalesce(r.name, '')), '[^[:alnum:]]+')
  || lower(coalesce(r.name, '')) || r.tags, ''))`;

/** As {@link passes}, for runs that are looked at one by one. */
export function passesAlone(
  values: Values,
  teamId: string,
  { q, ...filter }: RunFilter,
  modelIds: readonly string[],
): string {
  const columns = passesColumns(values, teamId, filter);
  if (q === undefined) return columns;
  const ways = [
    `((r.name is not null or r.tags <> '{}') and ${wordsOfRun} @@ ${beginningWith(`${values.add(q)}::text`)})`,
    ...(idBeginning.test(q) ? [`starts_with(r.id, ${values.add(q)})`] : []),
    ...(modelIds.length > 0 ? [`r.model_id = any(${values.add(modelIds)}::text[])`] : []),
  ];
  return `${columns} and (${ways.join(" or ")})`;
}

const microseconds = (expression: string): string => `(extract(epoch from ${expression}) * 1000000)::bigint`;

/** How each order sorts runs `r`, and goes on after a cursor; `key` is what a cursor has beside the id. */
const orders: {
  readonly [Order in RunOrder]: { key?: string; from: string; down: boolean; only?: string };
} = {
  newest: { from: "", down: true },
  oldest: { from: "", down: false },
  ended: {
    key: "r.ended_at",
    from: "'epoch'::timestamptz + ",
    down: true,
    only: "r.ended_at is not null",
  },
  duration: {
    key: "(r.ended_at - r.started_at)",
    from: "",
    down: true,
    only: "r.ended_at is not null and r.started_at is not null",
  },
};

export const byId = cursorOf(["id"]);
export const byKey = cursorOf(["bigint", "id"]);

/** One page of ids in an order. */
interface Ordered {
  /** Of runs `r`, for `order by`. */
  order: string;
  /** Conditions: after the cursor, and in this order at all. */
  after: string;
  /** What the cursor of a run has beside its id, as a column. */
  key: string;
}

export function inOrder(values: Values, sort: RunOrder, cursor: string | undefined): Ordered {
  const { key, from, down, only = "true" } = orders[sort];
  const [way, beyond] = down ? ["desc", "<"] : ["asc", ">"];
  if (key === undefined) {
    const [id] = byId.read(cursor);
    const after = id === undefined ? only : `${only} and r.id ${beyond} ${values.add(id)}`;
    return { order: `r.id ${way}`, after, key: "null::bigint" };
  }
  const [at, id] = byKey.read(cursor);
  const after =
    at === undefined
      ? only
      : `${only} and (${key}, r.id) ${beyond} (${from}${values.add(at)}::bigint * interval '1 microsecond', ${values.add(id)})`;
  return { order: `${key} ${way}, r.id ${way}`, after, key: microseconds(key) };
}

/** Every state and every kind, for a filter that names none. */
export const statesAndKinds = ({ state, kind }: RunFilter) => ({
  states: state ?? runStates,
  kinds: kind ?? runKinds,
});
