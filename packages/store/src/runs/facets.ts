import type { RunFacet, RunFacets, RunFilterQuery } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { filterOf, passes, passesColumns, Values } from "./filter.ts";
import { modelsNamed } from "./list.ts";

/** Values that a facet names at most, the commonest first. */
const mostValues = 20;
/** Runs that are looked at, from the newest on. */
const mostRuns = 100_000;

/** Facets by filter: the column of a run that is counted, and what its values are called. */
const facets = {
  state: { column: "state" },
  kind: { column: "kind" },
  class: { column: "class" },
  createdBy: { column: "user_id", name: "(select name from team_user where id = value)", byName: true },
  model: { column: "model_id", name: "(select name from model where id = value)" },
  experimentId: { column: "experiment_id", name: "(select name from experiment where id = value)" },
  tag: { column: "tags" },
} satisfies { [Name in keyof RunFacets["facets"]]: Counted };
type FacetName = keyof typeof facets;
const facetNames = Object.keys(facets) as FacetName[];

interface Counted {
  column: string;
  /** Default: the value itself. */
  name?: string;
  /** The filter takes names. */
  byName?: boolean;
}

interface Row extends RunFacet {
  facet: FacetName | "total" | "read";
}

/**
 * How many runs each value of a filter would leave, by the other filters: what is chosen of a facet itself does not change its numbers.
 * Of the newest runs that pass what is no facet. Facets that look at the same runs are counted in one reading of them; tags are
 * counted by what runs have together, and taken apart then.
 */
export async function countFacets(
  database: Pick<Database, "query">,
  teamId: string,
  query: RunFilterQuery,
): Promise<RunFacets> {
  const values = new Values();
  const team = values.add(teamId);
  const { q, ...columns } = filterOf(query);
  const found = passes(values, teamId, q === undefined ? {} : { q }, await modelsNamed(database, teamId, q));
  /** By all filters but that of one facet. */
  const others = (but?: FacetName): string =>
    passesColumns(
      values,
      teamId,
      Object.fromEntries(Object.entries(columns).filter(([name]) => name !== but)),
    );
  const open = facetNames.filter((name) => columns[name] === undefined);
  const chosen = facetNames.filter((name) => columns[name] !== undefined);
  const readings = [counted(open, others(), true), ...chosen.map((name) => counted([name], others(name)))];
  const { rows } = await database.query<Row>(
    `with found as ${q === undefined ? "not materialized" : "materialized"} (
       select ${facetNames.map((name) => `r.${facets[name].column}`).join(", ")} from run r
       where r.team_id = ${team} and ${found} order by r.id desc limit ${values.add(mostRuns)}),
     counts as materialized (${readings.join(" union all ")})
     ${facetNames.map((name) => `(${named(name)})`).join(" union all ")}
     union all select facet, '', '', count from counts where facet = 'total'
     ${chosen.length === 0 ? "" : "union all select 'read', '', '', count(*)::int from found"}`,
    values.all,
  );
  const countOf = (facet: Row["facet"]) => rows.find((row) => row.facet === facet)?.count;
  const total = countOf("total") ?? 0;
  return {
    total,
    complete: (countOf("read") ?? total) < mostRuns,
    facets: Object.fromEntries(
      facetNames.map((name) => [
        name,
        rows
          .filter(({ facet }) => facet === name)
          .map(({ value, name, count }) => ({ value, name: name ?? value, count })),
      ]),
    ) as RunFacets["facets"],
  };
}

/** Counts of some facets' values in one reading, and of all that is read as `total`; `value` is text, or `tags` a list. */
function counted(names: readonly FacetName[], condition: string, withTotal = false): string {
  const columns = names.map((name) => facets[name].column);
  const texts = columns.filter((column) => column !== "tags");
  const cases = names.map((name) => `when grouping(r.${facets[name].column}) = 0 then '${name}'`);
  return `select ${cases.length === 0 ? "'total'" : `case ${cases.join(" ")} else 'total' end`} as facet,
      ${texts.length === 0 ? "null::text" : `coalesce(${texts.map((column) => `r.${column}`).join(", ")})`} as value,
      ${columns.includes("tags") ? "r.tags" : "null::text[]"} as tags, count(*)::int as count
    from found r where ${condition}
    group by grouping sets (${[...columns.map((column) => `(r.${column})`), ...(withTotal ? ["()"] : [])].join(", ")})`;
}

/** The commonest values of a facet, with their names. */
function named(facet: FacetName): string {
  const { name = "value", byName = false }: Counted = facets[facet];
  const counts =
    facet === "tag"
      ? "select t.tag as value, sum(count)::int as count from counts cross join unnest(tags) t (tag) where facet = 'tag' group by 1"
      : `select value, count from counts where facet = '${facet}' and value is not null`;
  return `select '${facet}' as facet, ${byName ? name : "value"} as value, ${name} as name, count
    from (${counts} order by 2 desc, 1 limit ${mostValues}) commonest order by count desc, commonest.value`;
}
