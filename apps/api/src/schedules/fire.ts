import type { DueSchedule, Store, Submitted, Transaction } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";
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
  const expected = await checkSubmission(submission, store, teamId);
  if ("run" in expected) {
    const { id } = await store.runs.submit({ ...owner, ...expected.run }, tx);
    return { runId: id };
  }
  const { id } = await store.experiments.submit({ ...owner, ...expected }, tx);
  return { experimentId: id };
}
