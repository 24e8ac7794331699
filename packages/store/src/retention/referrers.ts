import { Problem, runStates, isTerminal, type Referrer } from "@espalier/contract";
import type { Transaction } from "../database/database.ts";

/** Ids of what is to be deleted together. */
export interface Doomed {
  runs: string[];
  models: string[];
  datasets: string[];
  artifacts: string[];
  experiments: string[];
}

const mostNamed = 20;
const live = runStates.filter((state) => !isTerminal(state));

/** All texts anywhere in a JSON value. */
const textsIn = (column: string) =>
  `(select s #>> '{}' from jsonb_path_query(${column}, 'strict $.** ? (@.type() == "string")') s)`;

/**
 * What refers to the doomed from outside, of the team $1. A run that has not ended uses what its spec names, what the runs
 * that it depends on made, and those runs. One that has ended uses nothing: a retry of it is refused where something is gone.
 */
const statement = `
  with living as (
    select r.id, r.state, r.spec from run r where r.team_id = $1 and r.state = any($8) and r.id <> all($2)
  )
  select distinct on (id) id, name, why from (
    select 1 as rank, m.id, m.name, 'was made by run ' || m.run_id as why
    from model m where m.run_id = any($2) and m.id <> all($3)
    union all
    select 2, m.id, m.name, 'was made from model ' || m.base_model_id
    from model m where m.base_model_id = any($3) and m.id <> all($3)
    union all
    select 3, m.id, m.name, 'has a file that is artifact ' || min(f.artifact_id)
    from model_file f join model m on m.id = f.model_id
    where f.artifact_id = any($5) and m.id <> all($3) group by m.id, m.name
    union all
    select 4, d.id, d.name, 'consists of artifact ' || d.artifact_id
    from dataset d where d.artifact_id = any($5) and d.id <> all($4)
    union all
    select 5, r.id, null, 'is ' || r.state || ' and uses ' || min(t.id)
    from living r, lateral ${textsIn("r.spec")} t (id)
    where t.id = any($2 || $3 || $4) group by r.id, r.state
    union all
    select 6, r.id, null, 'is ' || r.state || ' and depends on run ' || min(d.depends_on_id)
    from living r join run_dependency d on d.run_id = r.id
    where d.depends_on_id = any($2) or d.depends_on_id in (select run_id from model where id = any($3))
    group by r.id, r.state
    union all
    select 7, e.id, e.name, 'has run ' || min(r.id)
    from run r join experiment e on e.id = r.experiment_id
    where r.id = any($2) and e.id <> all($6) group by e.id, e.name
    union all
    select 8, s.id, s.name, 'is a schedule that submits ' || min(t.id)
    from schedule s, lateral ${textsIn("s.submission")} t (id)
    where s.team_id = $1 and t.id = any($2 || $3 || $4 || $6) group by s.id, s.name
    union all
    select 9, r.id, null, 'has artifact ' || min(a.id) || ' in its result'
    from artifact a join run r on r.id = a.run_id
    where a.id = any($5) and r.id <> all($2) and a.id in ${textsIn("r.result")}
    group by r.id
  ) referrer order by id, rank limit $7`;

/** Throws `resource/in-use` where something outside refers to the doomed. They must be locked. */
export async function refuseReferred(tx: Transaction, teamId: string, doomed: Doomed): Promise<void> {
  const { runs, models, datasets, artifacts, experiments } = doomed;
  const { rows } = await tx.query<{ id: string; name: string | null; why: string }>(statement, [
    teamId,
    runs,
    models,
    datasets,
    artifacts,
    experiments,
    mostNamed + 1,
    live,
  ]);
  if (rows.length === 0) return;
  const referrers = rows.slice(0, mostNamed).map(({ id, name, why }): Referrer => ({
    id,
    why,
    ...(name === null ? {} : { name }),
  }));
  const [first] = referrers;
  const others =
    rows.length > mostNamed
      ? "more than 20 others"
      : `${referrers.length - 1} other${referrers.length === 2 ? "" : "s"}`;
  throw new Problem(
    "resource/in-use",
    `${first!.name ?? first!.id} ${first!.why}${referrers.length > 1 ? `, and ${others} refer to it` : ""}; delete that first, or wait until it has ended.`,
    { referrers },
  );
}
