import type { DueSchedule, Store, Submitted, Transaction } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";
import { expected } from "../experiments/expected.ts";
import { expectationsOf } from "../runs/origin.ts";
import { checkSubmission, checkSubmittedClass } from "./check.ts";

/** Fires every schedule that is due. Several processes may do so at the same time. */
export async function fireSchedules(
  store: Store,
  log: Pick<FastifyBaseLogger, "info" | "warn">,
): Promise<void> {
  for (;;) {
    const fired = await store.schedules.fireDue((tx, schedule) => submit(store, tx, schedule));
    if (fired === undefined) return;
    if (fired.firing.problem) log.warn(fired, "schedule fired in vain");
    else log.info(fired, "schedule fired");
  }
}

async function submit(
  store: Store,
  tx: Transaction,
  { teamId, userId, author: createdBy, submission }: DueSchedule,
): Promise<Submitted> {
  const owner = { teamId, createdBy, ...(userId === undefined ? {} : { userId }) };
  await checkSubmittedClass(submission, store, { teamId });
  await checkSubmission(submission, store, teamId);
  if ("run" in submission) {
    const { run } = submission;
    const expectations = await expectationsOf(run, { store, teamId, field: "/needs" });
    const { id } = await store.runs.submit({ ...owner, ...run, ...expectations }, tx);
    return { runId: id };
  }
  const { experiment: spec } = submission;
  const runs = await expected(spec, store, teamId);
  const { id } = await store.experiments.submit({ ...owner, spec, runs }, tx);
  return { experimentId: id };
}
