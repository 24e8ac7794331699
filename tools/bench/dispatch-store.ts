/**
 * A whole pass of the dispatcher through PostgreSQL: 10,000 runs queued by 20 teams of 5 users, 200 devices of 25 workers, all
 * of them in use. Three passes that differ in what they write: the first, which tells every run why it waits; one that has
 * nothing new to tell; and one after half a minute, when every place has moved. Each step's wall clock, and the processor time
 * of this process.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plan } from "../../apps/api/src/dispatcher/plan/plan.ts";
import { Teller } from "../../apps/api/src/dispatcher/told.ts";
import { viewOf } from "../../apps/api/src/dispatcher/view.ts";
import { migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { startPostgres } from "../../test/servers/postgres.ts";

const pool = { queued: 10_000, teams: 20, users: 5, workers: 25, devices: 8 };

export async function dispatchStore(): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot });
  try {
    await fill(store);
    console.log("a pass through PostgreSQL, all devices in use:");
    const tellers = { fresh: new Teller(), steady: new Teller() };
    for (let i = 0; i < 3; i++) await pass(store, tellers.steady, 0);
    print("  tells every run anew", await passes(5, () => pass(store, new Teller(), 0)));
    print("  nothing new to tell", await passes(20, () => pass(store, tellers.steady, 0)));
    // Each time as if another half minute had gone by, and the head of the queue had started.
    let shift = 0;
    print("  every place has moved", await passes(5, () => pass(store, tellers.steady, ++shift)));
  } finally {
    await store.close();
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}

interface Times {
  snapshot: number;
  plan: number;
  commit: number;
  cpu: number;
  told: number;
}

async function pass(store: Store, teller: Teller, shift: number): Promise<Times> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const given = await store.dispatch.snapshot();
  const read = performance.now();
  const snapshot = viewOf(given);
  const { starts, preemptions, reservations, waiting } = plan(snapshot, given.now);
  if (starts.length + preemptions.length > 0) throw new Error("the pool is not full");
  const teamOf = new Map([...given.queued, ...given.running].map(({ id, teamId }) => [id, teamId]));
  const moved = waiting.map((each) => ({ ...each, position: each.position && each.position + shift }));
  const told = teller.changed(moved, teamOf, given.now + shift * 30_000);
  const planned = performance.now();
  const committed = await store.dispatch.commit({
    number: given.number,
    starts: [],
    preemptions: [],
    reservations,
    waiting: told,
  });
  if (!committed) throw new Error("another plan came first");
  const ended = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return {
    snapshot: read - started,
    plan: planned - read,
    commit: ended - planned,
    cpu: (user + system) / 1000,
    told: told.length,
  };
}

async function passes(count: number, once: () => Promise<Times>): Promise<Times[]> {
  const times: Times[] = [];
  for (let i = 0; i < count; i++) times.push(await once());
  return times;
}

function print(title: string, times: readonly Times[]): void {
  const median = (pick: (each: Times) => number): number =>
    times.map(pick).sort((a, b) => a - b)[Math.floor(times.length / 2)];
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  console.log(
    `${title}: snapshot ${ms(median((t) => t.snapshot))}, plan ${ms(median((t) => t.plan))}, commit ${ms(
      median((t) => t.commit),
    )} of ${median((t) => t.told)} reasons; ${ms(median((t) => t.cpu))} of processor here`,
  );
}

/** A pool where everything is in use, and a long queue. */
async function fill(store: Store): Promise<void> {
  const teams: string[] = [];
  for (let i = 0; i < pool.teams; i++) {
    const { id } = await store.teams.ensure(`team-${i}`);
    teams.push(id);
    for (let user = 0; user < pool.users; user++)
      await store.teams.createKey(id, "key", undefined, "member", `user-${user}`);
    await store.accounts.setTeam(`team-${i}`, { weight: 1 + (i % 3), devices: i % 2 ? 10 : null });
  }
  for (let i = 0; i < pool.workers; i++) {
    const devices = Array.from({ length: pool.devices }, (_, index) => ({
      address: `cuda:${index}`,
      identity: `cuda:GPU-${i}-${index}`,
      kind: "cuda" as const,
      name: "NVIDIA H100 80GB HBM3",
      engine: "onnx-cuda",
      memoryBytes: 80e9,
    }));
    await store.workers.register({ name: `worker-${i}`, host: "h", version: "0", devices });
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
      from generate_series(1, $1) n
        join (select id, team_id, row_number() over (order by id) as i, count(*) over () as users from team_user) u
          on u.i = 1 + n % u.users,
        (select array['train', 'evaluate', 'search', 'export'] as kinds) k`;
    const devices = pool.workers * pool.devices;
    await tx.query(runs, [pool.queued, "QUEUED", "run_q", 0, null, null]);
    const { rows } = await tx.query<{ id: string }>("select id from worker limit 1");
    await tx.query(runs, [devices, "RUNNING", "run_r", 1, rows[0].id, new Date(Date.now() + 3_600_000)]);
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
       select kind, array_fill(3.6e6::float8, array[10]), '{}', 3e5, 3.6e6, 7.2e6, 1 from unnest(array['train', 'evaluate']) kind`,
    );
    await tx.query("analyze");
  });
}
