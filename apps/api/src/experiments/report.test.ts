import { describe, expect, it } from "vitest";
import {
  newId,
  type ExperimentSpec,
  type Model,
  type Run,
  type RunResult,
  type RunState,
} from "@espalier/contract";
import { expand } from "./expand.ts";
import { report } from "./report.ts";

const spec: ExperimentSpec = {
  name: "trial",
  modelId: newId("model"),
  triplets: newId("dataset"),
  evaluation: [newId("dataset")],
  variants: ["none", 2],
};

const modelOf = (id: string, layers: number): Model => ({
  id,
  name: "m",
  state: "READY",
  architecture: {
    type: "llama",
    layers,
    hiddenSize: 8,
    vocabularySize: 9,
    parameters: 100 * layers,
    dtype: "BF16",
  },
  bytes: 200 * layers,
  files: [],
  createdAt: "2026-01-01T00:00:00.000Z",
});

const models = new Map([spec.modelId, "mdl_pruned"].map((id, i) => [id, modelOf(id, i === 0 ? 4 : 2)]));
const score = (spearman: number) => ({
  scores: [
    {
      datasetId: spec.evaluation[0]!,
      name: "s",
      task: "sts" as const,
      score: spearman,
      metrics: { spearman, pearson: spearman },
      units: 3,
    },
  ],
  tokensPerSecond: 1000 * spearman,
  tokens: 10,
  seconds: 1,
  peakMemoryBytes: 1,
});

function runsIn(state: (role: string, variant?: string) => RunState): Run[] {
  return expand(spec).map((planned) => {
    const now = state(planned.role, planned.variant);
    const results: Record<string, RunResult> = {
      prune: { modelId: "mdl_pruned" },
      before: score(planned.variant === "none" ? 0.3 : 0.25),
      after: score(planned.variant === "none" ? 0.6 : 0.5),
      train: {
        modelId: `mdl_trained_${planned.variant}`,
        steps: 1,
        firstLoss: 2,
        lastLoss: 1,
        seconds: 7,
        tokens: 5,
        tokensPerSecond: 1,
        trainableParameters: 3,
        peakMemoryBytes: 1,
      },
    };
    const result = now === "SUCCEEDED" ? results[planned.role] : undefined;
    return {
      id: planned.id,
      kind: planned.spec.kind,
      role: planned.role,
      state: now,
      spec: planned.spec,
      priority: 0,
      class: "normal",
      needs: {},
      dependsOn: planned.dependsOn,
      attempt: 1,
      createdAt: "2026-01-01T00:00:00.000Z",
      endedAt: "2026-01-01T00:00:09.000Z",
      ...(planned.variant ? { variant: planned.variant } : {}),
      ...(result ? { result } : {}),
    };
  });
}

describe("the report", () => {
  it("puts before and after beside each variant's depth, size and speed", () => {
    const { state, variants, endedAt } = report(
      runsIn(() => "SUCCEEDED"),
      models,
    );
    expect([state, endedAt]).toEqual(["SUCCEEDED", "2026-01-01T00:00:09.000Z"]);
    expect(variants.map(({ name, layers, parameters, bytes }) => [name, layers, parameters, bytes])).toEqual([
      ["none", 4, 400, 800],
      ["2 layers", 2, 200, 400],
    ]);
    expect(
      variants.map(({ before, after, tokensPerSecond }) => [
        before?.[0]?.score,
        after?.[0]?.score,
        tokensPerSecond,
      ]),
    ).toEqual([
      [0.3, 0.6, 300],
      [0.25, 0.5, 250],
    ]);
    expect(variants.map(({ modelId }) => modelId)).toEqual(["mdl_trained_none", "mdl_trained_2 layers"]);
  });

  it("leaves out what is not known yet", () => {
    const running = report(
      runsIn((role) => (role === "before" ? "SUCCEEDED" : "QUEUED")),
      models,
    );
    expect(running.state).toBe("RUNNING");
    expect(running).not.toHaveProperty("endedAt");
    expect(running.variants[1]).toEqual({
      name: "2 layers",
      before: score(0.25).scores,
      tokensPerSecond: 250,
    });
  });

  it("fails when one run failed, and is cancelled when one was cancelled", () => {
    expect(
      report(
        runsIn((role) => (role === "train" ? "FAILED" : role === "after" ? "SKIPPED" : "SUCCEEDED")),
        models,
      ).state,
    ).toBe("FAILED");
    expect(
      report(
        runsIn((role) => (role === "after" ? "CANCELLED" : "SUCCEEDED")),
        models,
      ).state,
    ).toBe("CANCELLED");
  });
});
