import assert from "node:assert/strict";
import type { HoldCause } from "@espalier/contract";
import type { Deployment, QueueKind } from "../deployment.ts";
import type { Member } from "../member.ts";
import { until } from "../patience.ts";

/** One scenario of the suite: what is done, and what must hold beside the invariants. */
export interface Scenario {
  /** As the list in docs/chaos.md numbers them. */
  number: number;
  title: string;
  /** Where it means something. */
  queues: readonly QueueKind[];
  /** Where it is part of the quick set. */
  quick?: readonly QueueKind[];
  /** Why it cannot run here; undefined where it can. */
  skip?: string | undefined;
  run: (deployment: Deployment) => Promise<void>;
}

export const both: readonly QueueKind[] = ["postgres", "redis"];

/** Waits until the newest attempt of a run has a compute process, and says whose. */
export async function workerOf(d: Deployment, runId: string): Promise<Member> {
  let worker: Member | undefined;
  await until(`${runId} is computed`, async () => {
    const attempt = (await d.client.attempts(runId)).at(-1);
    worker = d.workers.find(({ computes }) =>
      computes.some((each) => each.runId === runId && each.attempt === attempt?.number),
    );
    return worker !== undefined;
  });
  return worker!;
}

/** The compute process of a worker that was started last. */
export function computeOf(worker: Member): number {
  const compute = worker.computes.at(-1);
  assert.ok(compute, `${worker.name} computes nothing`);
  return compute.pid;
}

/** How the attempts of a run ended. */
export const endsOf = async (d: Deployment, runId: string): Promise<string[]> =>
  (await d.client.attempts(runId)).map(({ state }) => state);

/** Waits until a run has had so many attempts, or more. */
export const attempted = (d: Deployment, runId: string, count: number): Promise<void> =>
  until(`${runId} has ${count} attempts`, async () => (await d.client.attempts(runId)).length >= count, {
    ms: 200,
  });

/** Waits until a worker's devices are held for this cause and no other; undefined: for none. */
export const isHeld = (d: Deployment, { name }: Member, cause?: HoldCause): Promise<void> =>
  until(
    `${name} is held for ${cause ?? "nothing"}`,
    async () => (await d.client.holds(name)).map((hold) => hold.cause).join() === (cause ?? ""),
    { ms: 200 },
  );

/** How many attempts began on a worker since it was `since`, by the database's clock. */
export async function attemptsOn(d: Deployment, { name }: Member, since: Date): Promise<number> {
  const [row] = await d.look<{ count: number }>(
    `select count(*)::int as count from attempt a join worker w on w.id = a.worker_id
     where w.name = $1 and a.started_at >= $2`,
    [name, since],
  );
  return row.count;
}

/** What the database's clock shows. */
export async function databaseTime(d: Deployment): Promise<Date> {
  const [{ now }] = await d.look<{ now: Date }>("select now()");
  return now;
}

/** Waits until all of these have succeeded. */
export async function succeed(d: Deployment, runIds: readonly string[]): Promise<void> {
  for (const runId of runIds) await d.client.reaches(runId, "SUCCEEDED");
}

/** Waits until all of these have succeeded, and makes sure that each did so in its first attempt. */
export async function succeedAtOnce(d: Deployment, runIds: readonly string[]): Promise<void> {
  await succeed(d, runIds);
  for (const runId of runIds) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
}

/** Submits some trainings of one kind. */
export async function several(
  d: Deployment,
  count: number,
  training: Parameters<Deployment["client"]["submit"]>[0],
): Promise<string[]> {
  const runIds = [];
  for (let i = 0; i < count; i++) runIds.push(await d.client.submit(training));
  return runIds;
}
