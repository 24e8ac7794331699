import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Value } from "typebox/value";
import { newId } from "../id.ts";
import { isProblem, Problem, problems, type ProblemCode } from "../problem.ts";
import { assertMove, isTerminal, Run, runMoves, runStates, statesBefore } from "./run.ts";
import { resolveTrainingSettings } from "../kinds/train.ts";

describe("the run's state machine", () => {
  it("allows exactly the moves it lists", () => {
    fc.assert(
      fc.property(fc.constantFrom(...runStates), fc.constantFrom(...runStates), (from, to) => {
        const listed = (runMoves[from] as readonly string[]).includes(to);
        expect(statesBefore(to).includes(from)).toBe(listed);
        if (listed) assertMove(from, to);
        else expect(() => assertMove(from, to)).toThrow(`A run that is ${from} cannot become ${to}.`);
      }),
    );
  });

  it("reaches a terminal state from every state, and none of them leads straight to RUNNING", () => {
    for (const from of runStates) {
      const seen = new Set([from]);
      for (const state of seen) for (const to of runMoves[state]) seen.add(to);
      expect([...seen].some(isTerminal)).toBe(true);
      if (isTerminal(from)) expect(runMoves[from]).not.toContain("RUNNING");
    }
  });
});

describe("a run", () => {
  it("passes its own schema", () => {
    const run: Run = {
      id: newId("run"),
      kind: "prune",
      state: "QUEUED",
      spec: { kind: "prune", model: newId("model"), layers: 4 },
      class: "normal",
      priority: 0,
      needs: {},
      dependsOn: [],
      attempt: 0,
      createdAt: new Date(0).toISOString(),
    };
    expect(Value.Errors(Run, run)).toEqual([]);
    expect(Value.Check(Run, { ...run, state: "DONE" })).toBe(false);
  });
});

describe("ids", () => {
  it("sort by the time they were made", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 }), fc.integer({ min: 1, max: 2 ** 40 }), (t, dt) => {
        expect(newId("run", t) < newId("run", t + dt)).toBe(true);
      }),
    );
  });
});

describe("a problem", () => {
  it("survives the way over the wire with its facts", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(problems) as ProblemCode[])),
        fc.string(),
        fc.nat(),
        (code, text, byte) => {
          const there = Problem.fromDocument(new Problem(code, text, { byte, field: "/a" }).toDocument("r1"));
          expect({ code: there.code, message: there.message, facts: there.facts }).toEqual({
            code,
            message: text,
            facts: { byte, field: "/a" },
          });
          expect(isProblem(there)).toBe(true);
        },
      ),
    );
  });
});

describe("settings", () => {
  it("fill in defaults and leave the horizons to the dataset", () => {
    const { batchSize, scale, warmupSteps } = resolveTrainingSettings({ batchSize: 8 });
    expect([batchSize, scale, warmupSteps]).toEqual([8, 50, undefined]);
  });
});
