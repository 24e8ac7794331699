import { describeChoice, engineChoiceOf, sharesDevice } from "@espalier/contract";
import type { Instant, QueuedRun } from "@espalier/scheduler";
import type { NewRun } from "../runs/runs.ts";
import { keysOfRun } from "./snapshot.ts";

/** A run that is not submitted, as a snapshot would have it if it were. */
export function queuedAs(
  { spec, needs = {}, ...run }: NewRun & { id: string; teamId: string },
  { now, predictedSeconds }: { now: Instant; predictedSeconds: number | null },
): QueuedRun {
  const { devices = 1, kinds = [], labels = [], memoryBytes, shares = sharesDevice(spec.kind) } = needs;
  const computesOn = describeChoice(engineChoiceOf(spec));
  const wallSeconds = run.limits?.wallSeconds;
  return {
    id: run.id,
    teamId: run.teamId,
    userId: run.userId ?? run.teamId,
    class: run.class ?? "normal",
    priority: run.priority ?? 0,
    queuedAt: now,
    notBefore: null,
    needs: {
      devices,
      kinds,
      labels: computesOn === undefined ? labels : [...labels, computesOn],
      memoryBytes: memoryBytes ?? run.predictedBytes ?? null,
      shares,
    },
    ...(wallSeconds === undefined ? {} : { wallMs: wallSeconds * 1000 }),
    ...keysOfRun(spec.kind, run.modelId ?? null, predictedSeconds, computesOn ?? null),
  };
}
