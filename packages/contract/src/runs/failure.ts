import { Type } from "typebox";
import { backoff } from "../backoff.ts";
import { adviseOnMemory, chunkTokensOf, type RunSpec } from "../kinds/kinds.ts";
import { leastChunkTokens } from "../kinds/memory.ts";
import { Problem, problems, type ProblemCode, type ProblemDocument } from "../problem.ts";

/** Why an attempt ended without a result. `judge` says what follows, and docs/errors.md tells users. */
export const failureClasses = {
  preempted: { title: "It was asked to leave its device" },
  infrastructure: { title: "The pool failed, not the run" },
  host: { title: "The host, its disk or its storage failed, not the run" },
  "out-of-memory": { title: "Memory ran out" },
  crash: { title: "The computation ended unexpectedly" },
  poison: { title: "It crashed once more, as often as is tried" },
  limit: { title: "It has used all that its limits allow" },
  diverged: { title: "The training cannot succeed any more" },
  data: { title: "The same input would fail again" },
} as const satisfies Record<string, { title: string }>;

export type FailureClass = keyof typeof failureClasses;
export const FailureClass = Type.Unsafe<FailureClass>({
  type: "string",
  enum: Object.keys(failureClasses),
  description: "why it ended without a result",
});

/**
 * Crashes without a new checkpoint that make a run poison, if they were on different workers or no other worker could have
 * taken it. Crashes on one worker alone say more about that worker.
 */
export const maxCrashes = 3;
/** Crashes that make it poison all the same: there has to be a bound. */
export const maxCrashesOnOneWorker = 2 * maxCrashes;
/** Failures of the pool without a new checkpoint after which a run fails. They say nothing about the run; there has to be a bound. */
export const maxInfrastructureFailures = 8;
/**
 * Seconds before an attempt that follows a failure of the pool: none before the first, then 5, 10, 20 … After a failure of
 * a host there is a pause before the first one too, because the host may still be the only one that can take the run.
 */
const pauses = { first: 5, most: 60 };

/** Problems of a server that all workers use: they say nothing about the device on which they were met. */
const ofOtherServers = new Set<ProblemCode>(["hub/unavailable", "service/unavailable", "lease/lost"]);
const ofPlaces = new Set<FailureClass>(["crash", "host", "infrastructure"]);

/** Whether a problem may be the fault of the device or the host where it was met, so that it is counted there. */
export const mayBeOfPlace = (code: ProblemCode): boolean =>
  ofPlaces.has(problems[code].failure) && !ofOtherServers.has(code);

/** Where an attempt ended. */
interface Ending {
  /** Name of the worker. */
  worker: string;
  /** The device or the worker is to blame, or that is being found out: the failure does not count against the run. */
  excused: boolean;
}

/** An attempt that ended without a result. */
export interface PastFailure extends Ending {
  failure: FailureClass;
  /** The attempt saved more than any attempt before it. */
  progressed: boolean;
}

/** An attempt that ends now without a result, and the run that it belongs to. */
export interface EndedAttempt extends Ending {
  spec: RunSpec;
  /** No other worker of the pool could take the run. */
  onlyWorker: boolean;
  /** Undefined: the attempt was asked to leave. */
  problem: ProblemDocument | undefined;
  progressed: boolean;
  /** The attempts before this one, oldest first, since a person last submitted or retried the run. */
  past: readonly PastFailure[];
}

export interface Verdict {
  failure: FailureClass;
  state: "QUEUED" | "FAILED" | "QUARANTINED";
  /** The problem of a run that ends. */
  problem?: ProblemDocument;
  /** Seconds before the next attempt. */
  pause: number;
}

/** The class of an attempt that ends now. */
export function classify(ended: Omit<EndedAttempt, "spec">): FailureClass {
  const { problem, worker, excused, onlyWorker } = ended;
  if (problem === undefined) return "preempted";
  const { failure } = problems[problem.code];
  if (failure !== "crash" || excused) return failure;
  const crashes = counted("crash", ended);
  if (1 + crashes.length >= maxCrashesOnOneWorker) return "poison";
  const elsewhere = onlyWorker || crashes.some((crash) => crash.worker !== worker);
  return elsewhere && 1 + crashes.length >= maxCrashes ? "poison" : failure;
}

/** What becomes of a run when an attempt ends without a result. */
export function judge(ended: EndedAttempt): Verdict {
  const { spec, problem, past } = ended;
  const failure = classify(ended);
  const again = (pause = 0): Verdict => ({ failure, state: "QUEUED", pause });
  if (problem === undefined || failure === "preempted" || failure === "crash") return again();
  const end = (state: "FAILED" | "QUARANTINED", with_: ProblemDocument): Verdict => ({
    failure,
    state,
    problem: with_,
    pause: 0,
  });
  switch (failure) {
    case "infrastructure": {
      const before = counted("infrastructure", ended).length;
      if (ended.excused || before + 1 < maxInfrastructureFailures)
        return again(before === 0 ? 0 : backoff(before, pauses));
      const detail = `The pool failed it ${before + 1} times in a row without progress; the last time: ${problem.detail}`;
      return end("FAILED", new Problem("run/too-many-attempts", detail).toDocument());
    }
    // There is no bound: the run has done nothing wrong, and whoever mends the host finds it where it was.
    case "host":
      return again(backoff(1 + counted("host", ended).length, pauses));
    case "out-of-memory": {
      const shrunk = past.some((each) => each.failure === failure);
      const chunk = chunkTokensOf(spec);
      if (!shrunk && chunk !== undefined && chunk > leastChunkTokens) return again();
      return end("FAILED", { ...problem, detail: `${problem.detail} ${adviseOnMemory(spec, shrunk)}` });
    }
    case "poison": {
      const crashes = [...counted("crash", ended), ended];
      const workers = [...new Set(crashes.map(({ worker }) => worker))].join(", ");
      const detail = `It crashed ${crashes.length} times (on ${workers}) without saving progress in between, so no device gets it again until a person retries it; the last time: ${problem.detail}`;
      return end("QUARANTINED", new Problem("run/quarantined", detail).toDocument());
    }
    case "limit":
    case "diverged":
    case "data":
      return end("FAILED", problem);
  }
}

/** The attempts that ended with the class since the last new checkpoint and count; none if the one that ends now saved one. */
function counted(
  failure: FailureClass,
  { progressed, past }: Pick<EndedAttempt, "progressed" | "past">,
): PastFailure[] {
  if (progressed) return [];
  // The failure of the attempt that saved last counts too, because nothing has been saved since.
  const from = past.findLastIndex((each) => each.progressed);
  return past.slice(Math.max(0, from)).filter((each) => each.failure === failure && !each.excused);
}
