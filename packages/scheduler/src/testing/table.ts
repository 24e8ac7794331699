import { expect, test } from "vitest";
import type { Decisions } from "../decisions.ts";
import { plan } from "../plan.ts";
import { defaultPolicy, type Policy } from "../policy.ts";
import type { Snapshot } from "../snapshot.ts";
import { snapshot } from "./build.ts";

/** A pool, and what is decided about it; what is left out of `starts` and `preempts` must not happen. */
export interface Case {
  title: string;
  given: Partial<Snapshot>;
  policy?: Partial<Policy>;
  /** Run → its devices. */
  starts?: Record<string, string[]>;
  /** Run → for whom. */
  preempts?: Record<string, string>;
  /** Run → devices kept for it. */
  keeps?: Record<string, string[]>;
  /** Run → what its explanation contains, or the code alone. */
  waits?: Record<string, string | Record<string, unknown>>;
}

export const decide = (given: Partial<Snapshot>, policy: Partial<Policy> = {}): Decisions =>
  plan(snapshot(given), { ...defaultPolicy, ...policy });

const startsOf = ({ starts }: Decisions): Record<string, string[]> =>
  Object.fromEntries(
    starts.map(({ runId, allocations }) => [runId, allocations.map(({ deviceId }) => deviceId)]),
  );

function check({ given, policy, starts = {}, preempts = {}, keeps, waits = {} }: Case): void {
  const decisions = decide(given, policy);
  expect(startsOf(decisions)).toEqual(starts);
  expect(Object.fromEntries(decisions.preemptions.map((each) => [each.runId, each.forRunId]))).toEqual(
    preempts,
  );
  if (keeps)
    expect(
      Object.fromEntries(decisions.reservations.map(({ runId, deviceIds }) => [runId, deviceIds])),
    ).toEqual(keeps);
  for (const [runId, expected] of Object.entries(waits)) {
    const found = decisions.waiting.find((each) => each.runId === runId);
    const wanted = typeof expected === "string" ? { reason: { code: expected } } : expected;
    expect(found).toMatchObject({ runId, ...wanted });
  }
}

export const table = (cases: readonly Case[]): void => test.each(cases)("$title", check);
