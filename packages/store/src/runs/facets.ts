import type { RunFacet, RunFacets, RunFilterQuery } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { filterOf, passes, passesColumns, Values, type ColumnFilter } from "./filter.ts";
import { modelsNamed } from "./list.ts";

/** Values that a facet names at most, the commonest first. */
const mostValues = 20;
/** Runs that are looked at, from the newest on. */
const mostRuns = 100_000;

/** Facets by filter: what of a run `f` is counted, and what it is called. */
const facets = {
  state: { value: "r.state" },
  kind: { value: "r.kind" },
  class: { value: "r.class" },
  createdBy: { value: "r.user_id", name: "(select name from team_user where id = value)", byName: true },
  model: { value: "r.model_id", name: "(select name from model where id = value)" },
  experimentId: { value: "r.experiment_id", name: "(select name from experiment where id = value)" },
  tag: { value: "t.tag", from: "cross join unnest(r.tags) t (tag)" },
} satisfies { [Name in keyof RunFacets["facets"]]: Counted };

interface Counted {
  value: string;
  /** Default: the value itself. */
  name?: string;
  /** The filter takes names. */
  byName?: boolean;
  from?: string;
}

interface Row extends RunFacet {
  facet: keyof RunFacets["facets"];
}

/**
 * How many runs each value of a filter would leave, by the other filters: what is chosen of a facet itself does not change its numbers.
 * All is read once, of the newest runs that pass what is no facet.
 */
export async function countFacets(
  database: Pick<Database, "query">,
  teamId: string,
  query: RunFilterQuery,
): Promise<RunFacets> {
  const values = new Values();
  const team = values.add(teamId);
  const { q, ...columns } = filterOf(query);
  const names = Object.keys(facets) as (keyof typeof facets)[];
  const found = passes(values, teamId, q === undefined ? {} : { q }, await modelsNamed(database, teamId, q));
  /** By all filters but that of one facet. */
  const others = (but?: keyof ColumnFilter): string =>
    passesColumns(
      values,
      teamId,
      Object.fromEntries(Object.entries(columns).filter(([name]) => name !== but)),
    );
  const parts = names.map((facet) => {
    const { value, name = "value", byName = false, from = "" }: Counted = facets[facet];
    return `(select '${facet}' as facet, ${byName ? name : "value"} as value, ${name} as name, count from (
      select ${value} as value, count(*)::int as count from found r ${from} where ${others(facet)}
      group by 1 order by 2 desc, 1 limit ${mostValues + 1}) counted where value is not null)`;
  });
  const { rows } = await database.query<Row>(
    `with found as materialized (
       select r.state, r.kind, r.class, r.user_id, r.model_id, r.experiment_id, r.tags from run r
       where r.team_id = ${team} and ${found} order by r.id desc limit ${values.add(mostRuns)})
     select * from (${parts.join(" union all ")}) p
     union all select 'total', '', '', count(*)::int from found r where ${others()}
     union all select 'read', '', '', count(*)::int from found`,
    values.all,
  );
  const countOf = (facet: string) => rows.find((row) => (row.facet as string) === facet)?.count ?? 0;
  return {
    total: countOf("total"),
    complete: countOf("read") < mostRuns,
    facets: Object.fromEntries(
      names.map((name) => [
        name,
        rows
          .filter(({ facet }) => facet === name)
          .slice(0, mostValues)
          .map(({ value, name, count }) => ({ value, name: name ?? value, count })),
      ]),
    ) as RunFacets["facets"],
  };
}
