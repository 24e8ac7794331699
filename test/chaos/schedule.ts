import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@espalier/encoder";
import type { Deployment } from "./deployment.ts";
import type { Member } from "./member.ts";
import type { Training } from "./submitter.ts";

export interface ScheduleOptions {
  seed: number;
  /** How long faults are made; healing and settling come after. */
  seconds: number;
}

interface Fault {
  weight: number;
  /** Does it and says when it is to be undone, in seconds; undefined where it undoes itself. */
  make: (d: Deployment, random: Random) => Promise<(() => Promise<void> | void) | undefined>;
}

const member = (d: Deployment, random: Random): Member => pick(random, d.members);
const anyLink = (d: Deployment, random: Random) => {
  const { name, links } = member(d, random);
  const [which, link] = pick(random, Object.entries(links));
  return { target: `${name} ${which}`, link };
};
const anyCommit = /commit\0|update run set|insert into metric|update attempt/;

const faults: Readonly<Record<string, Fault>> = {
  kill: {
    weight: 4,
    async make(d, random) {
      const victim = member(d, random);
      d.note("kill", victim.name);
      await victim.kill();
      return () => start(victim);
    },
  },
  SIGTERM: {
    weight: 2,
    async make(d, random) {
      const victim = member(d, random);
      d.note("SIGTERM", victim.name);
      if (victim.frozen) return undefined;
      victim.signal("SIGTERM");
      return async () => {
        // Where a server is away it may take its time, and is killed.
        await Promise.race([victim.ended(), sleep(15_000)]);
        await victim.kill();
        start(victim);
      };
    },
  },
  freeze: {
    weight: 3,
    async make(d, random) {
      const victim = member(d, random);
      d.note("SIGSTOP", victim.name);
      if (victim.alive) victim.signal("SIGSTOP");
      return () => {
        if (victim.alive && victim.frozen) victim.signal("SIGCONT");
      };
    },
  },
  "kill compute": {
    weight: 2,
    async make(d, random) {
      const compute = pick(random, d.workers).computes.at(-1);
      if (compute === undefined) return undefined;
      d.note("kill", `compute process ${compute.pid}`);
      try {
        process.kill(compute.pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
      return undefined;
    },
  },
  stall: { weight: 3, make: async (d, random) => disturbLink(d, random, "stall") },
  silence: { weight: 2, make: async (d, random) => disturbLink(d, random, "silence") },
  cut: { weight: 2, make: async (d, random) => disturbLink(d, random, "cut") },
  drop: {
    weight: 3,
    async make(d, random) {
      const { target, link } = anyLink(d, random);
      d.note("drop", target);
      link.drop();
      return undefined;
    },
  },
  delay: {
    weight: 2,
    async make(d, random) {
      const { target, link } = anyLink(d, random);
      d.note("delay", target);
      link.delay(between(random, 50, 500));
      return () => link.heal();
    },
  },
  "lose answer": {
    weight: 5,
    async make(d, random) {
      const { name, links } = member(d, random);
      const how = pick(random, ["cut", "silence"] as const);
      d.note(`lose an answer, ${how}`, name);
      void links.database.swallowAnswer(anyCommit, { how });
      return () => links.database.heal();
    },
  },
  unmount: {
    weight: 2,
    async make(d, random) {
      const { name, mount } = member(d, random);
      d.note("unmount the data folder", name);
      const elsewhere = join(d.folder, "elsewhere");
      await mkdir(elsewhere, { recursive: true });
      mount.show(elsewhere);
      return () => mount.heal();
    },
  },
  postgres: {
    weight: 1,
    async make(d, random) {
      const how = pick(random, ["stop", "crash"] as const);
      d.note(how, "postgres");
      await d.postgres[how]();
      return () => d.postgres.start();
    },
  },
  queue: {
    weight: 2,
    async make(d) {
      if (d.redis) {
        d.note("crash", "redis");
        await d.redis.crash();
        return () => d.redis!.start();
      }
      if (!d.postgres.up) return undefined;
      d.note("pg_terminate_backend", "connections of the queue");
      await d.terminate("espalier-queue").catch(() => undefined);
      return undefined;
    },
  },
};

const clientCount = 4;

/** Makes faults at random, a few at a time, while clients submit, cancel and retry. The seed decides all of it. */
export async function disturb(
  d: Deployment,
  { seed, seconds }: ScheduleOptions,
): Promise<{ runs: number; ended: number; faults: number; spent: string }> {
  const random = Random.seeded(seed);
  const end = performance.now() + seconds * 1000;
  const counts = { runs: 0, ended: 0, faults: 0, spent: "" };
  const undoing = new Set<Promise<void>>();
  const clients = Array.from({ length: clientCount }, (_, index) =>
    keepBusy(d, Random.seeded(seed * clientCount + index + 1), end),
  );
  const client = Promise.all(clients);
  let unheard = false;
  client.catch(() => (unheard = true));
  while (performance.now() < end && !unheard) {
    await sleep(between(random, 500, 4000));
    const fault = faults[weighted(random)];
    const lasts = between(random, 500, d.leaseSeconds * 2500);
    counts.faults += 1;
    const undo = await fault.make(d, random);
    if (!undo) continue;
    const undone = sleep(lasts)
      .then(undo)
      .finally(() => undoing.delete(undone));
    undoing.add(undone);
    // Four at a time are enough: with more nothing ever works.
    while (undoing.size >= 4) await Promise.race(undoing);
  }
  const deadline = new Date();
  await Promise.all(undoing);
  await d.heal();
  counts.runs = (await client).reduce((sum, runs) => sum + runs, 0);
  const ended = await d.look("select from run where kind = 'train' and ended_at <= $1", [deadline]);
  counts.ended = ended.length;
  counts.spent = await spent(d);
  return counts;
}

/** How long a run was in each state in the mean, such as `3.1 s QUEUED, 2.0 s RUNNING`. */
async function spent(d: Deployment): Promise<string> {
  const rows = await d.look<{ state: string; seconds: number }>(
    `select state, sum(seconds) / (select count(*) from run where kind = 'train') as seconds
     from (select body ->> 'state' as state, extract(epoch from
         lead(e.at, 1, now()) over (partition by run_id order by xid, seq) - e.at)::float8 as seconds
       from event e where body ->> 'type' = 'run.state' and exists (select from run r where r.id = e.run_id and r.kind = 'train')) s
     where state in ('QUEUED', 'DISPATCHED', 'RUNNING') group by 1 order by 2 desc`,
  );
  return rows.map(({ state, seconds }) => `${seconds.toFixed(1)} s ${state}`).join(", ");
}

/** What one client does meanwhile. Answers may take as long as the faults, which is why there are several. */
async function keepBusy(d: Deployment, random: Random, end: number): Promise<number> {
  const runIds: string[] = [];
  while (performance.now() < end) {
    const next = between(random, 0, 9);
    if (runIds.length === 0 || next < 7) runIds.push(await d.client.submit(anyTraining(random)));
    else if (next < 9) await d.client.cancel(pick(random, runIds.slice(-6)));
    else await d.client.retry(pick(random, runIds));
    await sleep(between(random, 500, 6000));
  }
  return runIds.length;
}

function anyTraining(random: Random): Training {
  const steps = between(random, 5, 90);
  const script = pick(random, [{}, {}, {}, {}, { crash: 3 }, { memory: 4 }, { starve: 4 }, { weight: 2048 }]);
  return {
    steps,
    seed: between(random, 1, 1e6),
    every: pick(random, [1, 3, 10, 1000]),
    class: pick(random, ["urgent", "normal", "normal", "idle"]),
    // Few paces, so that most runs need no dataset of their own.
    script: { pace: pick(random, [1, 5, 20, 60]), ...script },
  };
}

function disturbLink(d: Deployment, random: Random, how: "stall" | "silence" | "cut") {
  const { target, link } = anyLink(d, random);
  d.note(how, target);
  link[how]();
  return () => link.heal();
}

/** Both ends included. */
const between = (random: Random, least: number, most: number): number =>
  least + random.below(Math.floor(most) - least + 1);

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)];

function start(victim: Member): void {
  if (!victim.alive) victim.start();
}

function weighted(random: Random): string {
  const names = Object.entries(faults).flatMap(([name, { weight }]) => Array<string>(weight).fill(name));
  return pick(random, names);
}
