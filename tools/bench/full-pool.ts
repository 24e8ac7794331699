import type { Store } from "../../packages/store/src/index.ts";
import { cards } from "./cards.ts";

const pool = { teams: 20, users: 5, workers: 25, devices: 8 };

/** A pool where everything is in use, for an hour at least, and a long queue. */
export async function fillPool(store: Store, queued = 10_000): Promise<void> {
  for (let i = 0; i < pool.teams; i++) {
    const { id } = await store.teams.ensure(`team-${i}`);
    for (let user = 0; user < pool.users; user++)
      await store.teams.createKey(id, { name: "key", user: `user-${user}` });
    await store.teams.change(`team-${i}`, { weight: 1 + (i % 3), devices: i % 2 ? 10 : null });
  }
  for (let i = 0; i < pool.workers; i++) {
    await store.workers.register({
      name: `host-${i}`,
      host: "h",
      version: "0",
      devices: cards(pool.devices, i),
    });
  }
  await store.transaction(async (tx) => {
    // Longer than any silence, so that the pool does not vanish while it is measured.
    await tx.query("update worker_pulse set seen_at = now() + interval '1 hour'");
    const runs = `insert into run (id, team_id, user_id, kind, state, spec, model_id, class, priority, needs, shares,
        predicted_bytes, queued_at, dispatched_at, attempt, lease_owner, lease_until)
      select $3 || n, u.team_id, u.id, kinds[1 + n % 4], $2, '{"kind": "train"}', 'mdl_' || n % 50,
        case when n % 10 = 0 then 'urgent' when n % 4 = 1 then 'idle' else 'normal' end, n % 3,
        case when n % 5 = 0 then jsonb_build_object('devices', 1 + n % 4, 'kinds', '["cuda"]'::jsonb) else '{}' end, n % 3 = 0,
        (2 + n % 60) * 1e9, now() - n * interval '10 s', now(), $4, $5, $6
      from generate_series($7::int + 1, $1) n
        join (select id, team_id, row_number() over (order by id) as i, count(*) over () as users from team_user) u
          on u.i = 1 + n % u.users,
        (select array['train', 'evaluate', 'search', 'export'] as kinds) k`;
    const devices = pool.workers * pool.devices;
    // In portions, because a statement may take 30 s.
    for (let from = 0; from < queued; from += 1_000)
      await tx.query(runs, [Math.min(queued, from + 1_000), "QUEUED", "run_q", 0, null, null, from]);
    const { rows } = await tx.query<{ id: string }>("select id from worker limit 1");
    await tx.query(runs, [devices, "RUNNING", "run_r", 1, rows[0].id, new Date(Date.now() + 3_600_000), 0]);
    await tx.query(
      `insert into attempt (run_id, number, worker_id) select id, 1, lease_owner from run where state = 'RUNNING'`,
    );
    await tx.query(
      `insert into run_device (run_id, device_id, units)
       select r.id, d.id, 1 from (select id, row_number() over (order by id) as n from run where state = 'RUNNING') r
         join (select id, row_number() over (order by id) as n from device) d using (n)`,
    );
    await tx.query(
      `insert into run_history (key, durations, memory_ratios, earliest, likely, latest, memory_ratio)
       select kind, array_fill(3.6e6::float8, array[10]), '{}', 3e5, 3.6e6, 7.2e6, 1 from unnest(array['train', 'evaluate']) kind
         on conflict do nothing`,
    );
    await tx.query("analyze");
  });
}
