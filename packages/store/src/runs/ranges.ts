import { Problem, type Series, type SeriesAnswer, type SeriesRequest } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { found } from "../database/row.ts";

/** What one attempt of a run measured under a name, and which of its points count. */
interface Part {
  id: string;
  runId: string;
  name: string;
  attempt: number;
  sampled: boolean;
  first: number | null;
  last: number | null;
  /** As {@link seriesOf} has it. */
  until: number | null;
}

/** Points of a part that are read: those that count, or those that do not. */
interface Reading {
  id: string;
  /** Place in the answer. */
  place: number;
  sampled: boolean;
  from: number;
  to: number;
  /** Parts of later attempts, which have measured some of the same steps again: a step of theirs counts instead. */
  newer: string[];
}

interface RangeRow {
  place: number;
  range: number;
  step: number;
  at: number;
  count: number;
  /** Of these, finite ones. */
  finite: number;
  total: number | null;
  least: number | null;
  greatest: number | null;
}

const edge = (way: "asc" | "desc") => `case when s.sampled_at is null
    then (select p.step from metric_point p where p.series = s.id order by p.step ${way} limit 1)
    else (select p.step from metric_sample p where p.series = s.id order by p.step ${way} limit 1) end`;

const partsOfRuns = `select s.id, s.run_id as "runId", s.name, s.attempt, s.sampled_at is not null as sampled,
    ${edge("asc")} as first, ${edge("desc")} as last, (
    select min(coalesce(later.resumed_step, -1)) from attempt later
    where later.run_id = s.run_id and later.number > s.attempt) as until
  from metric_series s where s.run_id = any($1) and s.name = any($2) order by s.run_id, s.name, s.attempt`;

/** The points `p` of a table that are read of a part `s`, by ranges of $2 steps. */
const fromTable = (table: "metric_point" | "metric_sample", { isSampled, isMeasuredAgain }: TableReading) => `
  select s.place, p.range, p.step, ((s.id >> 32) * 86400000 + p.after * 10)::float8 as at, p.count, p.finite, p.total, p.least, p.greatest
  from s cross join lateral (
    select q.step / $2 as range, min(q.step) as step, min(q.after)::bigint as after, count(*)::int as count, count(q.value)::int as finite,
      sum(q.value) as total, min(q.value) as least, max(q.value) as greatest
    from ${table} q
    where q.series = s.id ${isSampled ? "" : "and q.series between $3 and $4"} and q.step between s."from" and s."to"
      ${isMeasuredAgain ? `and not exists (select from ${table} n where n.series = any(s.newer) and n.step = q.step)` : ""}
    group by 1) p
  where ${isSampled ? "s.sampled" : "not s.sampled"}`;

/** Few runs have measured steps again that count, and to ask it of every point would take longer than to read it. */
interface TableReading {
  isSampled: boolean;
  isMeasuredAgain: boolean;
}

const rangesQuery = (isMeasuredAgain: boolean): string => `with s as materialized (
    select * from json_to_recordset($1) as s (id bigint, place int, sampled boolean, "from" int, "to" int, newer bigint[]))
  select * from (${fromTable("metric_point", { isSampled: false, isMeasuredAgain })}
    union all ${fromTable("metric_sample", { isSampled: true, isMeasuredAgain })}) r order by place, range`;

const greatest = 2 ** 31 - 1;

/** Metrics of runs by ranges of steps. Throws `resource/not-found` for a run of another team. */
export async function readRanges(
  { query, allTeams }: Pick<Database, "query"> & { allTeams: Pick<Database, "query"> },
  teamId: string,
  { runId, name, points = 500, since, discarded = false }: SeriesRequest,
): Promise<SeriesAnswer> {
  const [runIds, names] = [[...new Set(runId)], [...new Set(name)]];
  const { rows: runs } = await query<{ id: string; attempt: number }>(
    "select id, attempt from run where team_id = $1 and id = any($2)",
    [teamId, runIds],
  );
  const attempts = runIds.map(
    (id) =>
      found(
        runs.find((run) => run.id === id),
        "run",
        id,
      ).attempt,
  );
  const { rows: parts } = await query<Part>(partsOfRuns, [runIds, names]);
  const pairs = runIds.flatMap((run, i) =>
    names.map((each) => ({ runId: run, name: each, attempt: attempts[i]! })),
  );
  const span =
    Math.max(0, ...parts.map(({ last }) => last ?? 0)) -
    Math.min(greatest, ...parts.map(({ first }) => first ?? greatest)) +
    1;
  const before = since === undefined ? undefined : readCursor(since, runIds.length, pairs.length);
  const fits = before !== undefined && span / before.width <= 2 * points;
  const width = fits ? before.width : 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, span) / points)));
  const goesOn = (place: number): boolean =>
    fits && before.attempts[Math.floor(place / names.length)] === pairs[place]!.attempt;
  const fromOf = (place: number): number => (goesOn(place) ? Math.max(0, before!.last[place]!) : 0);
  const readings = pairs.flatMap((pair, place) => {
    const own = parts.filter((part) => part.runId === pair.runId && part.name === pair.name);
    return own.flatMap((part) =>
      readingsOf(part, own, { place, from: fromOf(place), discarded, pairs: pairs.length }),
    );
  });
  // That these series are the team's was seen above; to have row-level security ask it of each of a million points would double the time.
  const rows = readings.length === 0 ? [] : await readRows(allTeams, readings, width);
  const items = [...pairs, ...(discarded ? pairs : [])].flatMap((pair, place) => {
    const own = rows.filter((row) => row.place === place);
    const isGhost = place >= pairs.length;
    const from = isGhost ? 0 : fromOf(place);
    // What an earlier answer had of a series is taken back where an attempt began it anew.
    const isBegunAnew = fits && !isGhost && !goesOn(place) && before.last[place]! >= 0;
    return own.length > 0 || isBegunAnew ? [toSeries(pair, from, own, isGhost)] : [];
  });
  const last = pairs.map((_, place) => {
    const row = rows.findLast((each) => each.place === place);
    return row === undefined ? (goesOn(place) ? before!.last[place]! : -1) : row.range * width;
  });
  return { width, items, cursor: writeCursor({ width, attempts, last }) };
}

/** What is read of a part: what counts, and where it is asked for what does not, which has its place after all that count. */
function readingsOf(
  { id, sampled, until, attempt }: Part,
  own: readonly Part[],
  { place, from, discarded, pairs }: { place: number; from: number; discarded: boolean; pairs: number },
): Reading[] {
  const newer = own.filter(
    (each) => each.attempt > attempt && each.first !== null && each.first <= (until ?? -1),
  );
  const counting = { id, place, sampled, from, to: until ?? greatest, newer: newer.map((each) => each.id) };
  const ghost = {
    id,
    place: place + pairs,
    sampled,
    from: (until ?? greatest - 1) + 1,
    to: greatest,
    newer: [],
  };
  return [...((until ?? 0) >= 0 ? [counting] : []), ...(discarded && until !== null ? [ghost] : [])];
}

/** A server with several processors reads parts at once; few of an API's connections are taken for it. */
const atOnce = 3;

/** The rows of all readings; those of one place come together. */
async function readRows(
  database: Pick<Database, "query">,
  readings: readonly Reading[],
  width: number,
): Promise<RangeRow[]> {
  const places = [...new Set(readings.map(({ place }) => place))];
  const lots = Array.from({ length: Math.min(atOnce, places.length) }, (_, lot) =>
    readings.filter(({ place }) => places.indexOf(place) % atOnce === lot),
  );
  return (await Promise.all(lots.map((lot) => readLot(database, lot, width)))).flat();
}

/** The bounds of the numbers are given as values, so that PostgreSQL looks only into the partitions of these days. */
async function readLot(
  { query }: Pick<Database, "query">,
  readings: readonly Reading[],
  width: number,
): Promise<RangeRow[]> {
  const ids = readings.map(({ id }) => BigInt(id)).sort((a, b) => (a < b ? -1 : 1));
  const { rows } = await query<RangeRow>(rangesQuery(readings.some(({ newer }) => newer.length > 0)), [
    JSON.stringify(readings),
    width,
    String(ids[0]),
    String(ids.at(-1)),
  ]);
  return rows;
}

const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(7));

/** Where an attempt went on from another, both have points of one range. */
function toSeries(
  pair: { runId: string; name: string },
  from: number,
  rows: readonly RangeRow[],
  isGhost: boolean,
): Series {
  const merged: RangeRow[] = [];
  for (const row of rows) {
    const last = merged.at(-1);
    if (last?.range === row.range) merged[merged.length - 1] = together(last, row);
    else merged.push(row);
  }
  return {
    runId: pair.runId,
    name: pair.name,
    ...(isGhost ? { discarded: true as const } : {}),
    from,
    step: merged.map(({ step }) => step),
    at: merged.map(({ at }) => at),
    count: merged.map(({ count }) => count),
    mean: merged.map(({ total, finite }) => (total === null ? null : rounded(total / finite))),
    least: merged.map(({ least }) => rounded(least)),
    greatest: merged.map(({ greatest: most }) => rounded(most)),
  };
}

function together(a: RangeRow, b: RangeRow): RangeRow {
  const finite = a.finite + b.finite;
  const least = [a.least, b.least].filter((value) => value !== null);
  const most = [a.greatest, b.greatest].filter((value) => value !== null);
  return {
    ...a,
    step: Math.min(a.step, b.step),
    at: Math.min(a.at, b.at),
    count: a.count + b.count,
    finite,
    total: finite === 0 ? null : (a.total ?? 0) + (b.total ?? 0),
    least: finite === 0 ? null : Math.min(...least),
    greatest: finite === 0 ? null : Math.max(...most),
  };
}

/** Where an answer ended: the width of its ranges, and by run its attempt, by series the first step of its last range; −1: it has none. */
interface Place {
  width: number;
  attempts: number[];
  last: number[];
}

const writeCursor = ({ width, attempts, last }: Place): string =>
  [width, ...attempts, ...last.map((each) => each + 1)].map((each) => each.toString(36)).join(".");

function readCursor(text: string, runs: number, pairs: number): Place {
  const [width = 0, ...numbers] = text.split(".").map((each) => parseInt(each, 36));
  const isPlace = (each: number): boolean => Number.isInteger(each) && each >= 0 && each <= greatest;
  if (width < 1 || numbers.length !== runs + pairs || ![width, ...numbers].every(isPlace))
    throw new Problem(
      "request/invalid",
      "This is no cursor of an answer to the same question; ask without it.",
      {
        field: "/since",
      },
    );
  return { width, attempts: numbers.slice(0, runs), last: numbers.slice(runs).map((each) => each - 1) };
}
