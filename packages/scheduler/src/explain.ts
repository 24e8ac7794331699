import type { Blocked } from "./blocked.ts";
import type { WaitingRun } from "./decisions.ts";
import { forecast } from "./forecast.ts";
import { fits } from "./groups.ts";
import type { Pass } from "./pass.ts";
import { Reasons } from "./reasons.ts";
import type { Share } from "./fair-share.ts";
import type { Eligibility } from "./eligibility.ts";

/** Why each run waits: those that are starting, then the order, then those that have no turn yet, then the impossible. */
export function explain(
  pass: Pass,
  blocks: readonly Blocked[],
  ineligible: Eligibility["ineligible"],
  shares: ReadonlyMap<string, Share>,
): WaitingRun[] {
  const reasons = new Reasons(pass, shares);
  const ordered = blocks.filter(({ why }) => why.kind !== "no-fit");
  const never = blocks.filter(({ why }) => why.kind === "no-fit").map(({ candidate }) => candidate);
  const later = ineligible.map(({ turn, why }) => ({ candidate: pass.candidate(turn), why }));
  const { pool, held, now, policy } = pass;
  const starts = forecast(
    ordered.map(({ candidate }) => candidate),
    later.map(({ candidate }) => candidate),
    { pool, held, now, sharers: policy.sharers, exact: policy.exact },
  );
  const waiting: WaitingRun[] = reasons.starting();
  for (let i = 0; i < ordered.length; i++) {
    const { reason, unblockedBy } = reasons.of(ordered[i]!, i);
    const { run } = ordered[i]!.candidate;
    waiting.push({ runId: run.id, position: i + 1, reason, unblockedBy, expectedStart: starts[i]! });
  }
  for (const [i, { candidate, why }] of later.entries()) {
    const fit = fits(candidate.group.schedulable, candidate);
    const explained = fit ? reasons.ineligible(candidate, why) : reasons.misfit(candidate);
    const expectedStart = starts[ordered.length + i]!;
    waiting.push({ runId: candidate.run.id, position: null, ...explained, expectedStart });
  }
  for (const candidate of never) {
    const explained = reasons.misfit(candidate);
    waiting.push({ runId: candidate.run.id, position: null, ...explained, expectedStart: null });
  }
  return waiting;
}
