import type pg from "pg";
import type { Store } from "../../packages/store/src/index.ts";

/** What a pool has after some years: most of it is one team's. */
const past = { runs: 1_000_000, experiments: 20_000, models: 20_000, share: 0.9 };

/** The ids of a team of a pool that has ended `runs` runs, and of one of its experiments of long ago. */
export interface Past {
  teamId: string;
  runId: string;
  experimentId: string;
}

/**
 * Writes runs that have ended, with an attempt each, and experiments and models of the pool's first team and others. The
 * triggers are off meanwhile: what a run tells and what it has used is not what is measured.
 */
export async function addEndedRuns(store: Store, client: pg.Client, runs = past.runs): Promise<Past> {
  const [{ id: teamId }] = await store.teams.list();
  const spec = `{"name": "e", "modelId": "mdl_1", "triplets": "dts_1", "variants": ["none"], "sts": []}`;
  await client.query("set session_replication_role = replica");
  await client.query("set synchronous_commit = off");
  const team = `case when n % 10 < ${past.share * 10} then $2 else (select id from team order by id desc limit 1) end`;
  // The ids sort by time, and before all that are made now.
  await client.query(
    `insert into experiment (id, team_id, name, spec)
       select 'exp_0' || lpad(n::text, 25, '0'), ${team}, 'e' || n, '${spec}' from generate_series(1, $1) n`,
    [past.experiments, teamId],
  );
  await client.query(
    `insert into model (id, team_id, name, state, architecture)
       select 'mdl_0' || lpad(n::text, 25, '0'), ${team}, 'm' || n, 'READY', '{}' from generate_series(1, $1) n`,
    [past.models, teamId],
  );
  for (let from = 0; from < runs; from += 100_000)
    await client.query(
      `insert into run (id, team_id, user_id, kind, state, spec, experiment_id, position, attempt,
         result, created_at, queued_at, started_at, ended_at, name, tags, class, model_id)
       select 'run_0' || lpad(n::text, 25, '0'), ${team}, (select id from team_user where team_id = ${team} limit 1),
         (array['train', 'evaluate', 'search', 'prune'])[1 + n % 4],
         case when n % 50 = 0 then 'FAILED' when n % 70 = 0 then 'CANCELLED' else 'SUCCEEDED' end,
         '{"kind": "train", "model": "mdl_1", "dataset": "dts_1", "settings": {"steps": 1000, "batch": 64, "lr": 0.0001}}',
         case when n <= 200000 then 'exp_0' || lpad((1 + n / 10)::text, 25, '0') end, n % 10, 1,
         case when n % 50 > 0 and n % 70 > 0 then '{"modelId": "mdl_1"}'::jsonb end,
         now() - n * interval '1 s', now() - n * interval '1 s', now() - n * interval '1 s', now() - (n % 1000) * interval '1 ms',
         case when n % 5 = 0 then 'sweep-' || n % 97 || '/lr-' || n % 13 end, case when n % 7 = 0 then array['paper', 'seed=' || n % 1000] else '{}' end,
         case when n % 1000 = 0 then 'urgent' else 'normal' end, 'mdl_0' || lpad((1 + n % 20000)::text, 25, '0')
       from generate_series($1 + 1, $1 + 100000) n`,
      [from, teamId],
    );
  const { rows } = await client.query<{ id: string }>("select id from worker limit 1");
  await client.query(
    `insert into attempt (run_id, number, state, worker_id, ended_at)
       select 'run_0' || lpad(n::text, 25, '0'), 1, 'SUCCEEDED', $1, now() from generate_series(1, 100000) n`,
    [rows[0].id],
  );
  await client.query("set session_replication_role = origin");
  await client.query("vacuum analyze");
  const at = (kind: "run" | "exp", n: number) => `${kind}_0${String(n).padStart(25, "0")}`;
  return { teamId, runId: at("run", 1001), experimentId: at("exp", 101) };
}
