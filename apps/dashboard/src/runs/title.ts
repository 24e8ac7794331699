import type { Run } from "@espalier/contract";

type Titled = Pick<Run, "kind"> &
  Partial<Pick<Run, "variant" | "role">> & { name?: string; spec?: Run["spec"] };

/** What a run is called: its name, or its kind with the variant that it is of, or else the name of what it makes. */
export function titleOf(run: Titled): string {
  if (run.name) return run.name;
  const made = run.spec && "name" in run.spec ? run.spec.name : undefined;
  const kind = run.role === "before" || run.role === "after" ? `${run.kind} ${run.role}` : run.kind;
  return run.variant === undefined ? (made ?? kind) : `${kind} · ${run.variant}`;
}

/** When a run is expected to end, in milliseconds of the clock: as the service says, else as if the rest took as long per unit as what is done. */
export function endOf(
  { startedAt, progress, expectedEnd }: Partial<Pick<Run, "startedAt" | "progress" | "expectedEnd">>,
  now: number,
): number | undefined {
  if (expectedEnd !== undefined && Date.parse(expectedEnd) > now) return Date.parse(expectedEnd);
  if (startedAt === undefined || !progress || progress.done <= 0 || progress.total <= progress.done)
    return undefined;
  const elapsed = now - Date.parse(startedAt);
  return now + (elapsed * (progress.total - progress.done)) / progress.done;
}
