import {
  isProblem,
  Problem,
  type ExperimentSpec,
  type RunCreate,
  type Submission,
  type TeamRole,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { checkExperiment } from "../experiments/check.ts";
import { expected } from "../experiments/expected.ts";
import { checkSpec } from "../runs/check.ts";
import { checkNeeds } from "../runs/needs.ts";
import { expectationsOf } from "../runs/origin.ts";
import { checkClass } from "../teams/urgent.ts";

/** What the scheduler is told of a submission: of its run, or of each run of its experiment. */
export type Expected =
  | { run: RunCreate & Awaited<ReturnType<typeof expectationsOf>> }
  | { spec: ExperimentSpec; runs: Awaited<ReturnType<typeof expected>> };

/** Refuses a submission that could not succeed now, naming the field of the schedule. */
export async function checkSubmission(
  submission: Submission,
  store: Store,
  teamId: string,
): Promise<Expected> {
  if ("run" in submission) {
    const { run } = submission;
    const { spec, needs } = run;
    await checkNeeds(needs, { store, field: "/submission/run/needs" });
    await checkSpec(spec, { store, teamId, field: "/submission/run/spec" });
    const field = "/submission/run/needs";
    return { run: { ...run, ...(await expectationsOf({ spec, needs }, { store, teamId, field })) } };
  }
  const { experiment: spec } = submission;
  try {
    await checkExperiment(spec, store, teamId);
    return { spec, runs: await expected(spec, store, teamId) };
  } catch (error) {
    if (!isProblem(error) || error.facts.field === undefined) throw error;
    const { field } = error.facts;
    throw new Problem(error.code, error.message, {
      ...error.facts,
      field: `/submission/experiment${field}`,
    });
  }
}

/** Refuses what is urgent and may not be. Without a role: what a schedule submits whose maker was asked when it was made. */
export const checkSubmittedClass = (
  submission: Submission,
  store: Pick<Store, "teams">,
  whose: { teamId: string; role?: TeamRole },
): Promise<void> =>
  "run" in submission
    ? checkClass(submission.run.class, { store, ...whose, field: "/submission/run" })
    : checkClass(submission.experiment.class, { store, ...whose, field: "/submission/experiment" });
