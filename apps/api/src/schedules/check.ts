import { isProblem, Problem, type Submission, type TeamRole } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { checkExperiment } from "../experiments/check.ts";
import { expected } from "../experiments/expected.ts";
import { checkSpec } from "../runs/check.ts";
import { checkNeeds } from "../runs/needs.ts";
import { expectationsOf } from "../runs/origin.ts";
import { checkClass } from "../teams/urgent.ts";

/** Refuses a submission that could not succeed now, naming the field of the schedule. */
export async function checkSubmission(submission: Submission, store: Store, teamId: string): Promise<void> {
  if ("run" in submission) {
    const { spec, needs } = submission.run;
    await checkNeeds(needs, { store, field: "/submission/run/needs" });
    await checkSpec(spec, { store, teamId, field: "/submission/run/spec" });
    await expectationsOf({ spec, needs }, { store, teamId, field: "/submission/run/needs" });
    return;
  }
  try {
    await checkExperiment(submission.experiment, store, teamId);
    await expected(submission.experiment, store, teamId);
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
