import { describe, expect, it } from "vitest";
import { newId, RunSpec, type ExperimentSpec } from "@espalier/contract";
import { Value } from "typebox/value";
import { expand } from "./expand.ts";

const spec: ExperimentSpec = {
  name: "trial",
  modelId: newId("model"),
  triplets: newId("dataset"),
  evaluation: [newId("dataset")],
};

describe("an experiment", () => {
  it("expands into a search and, for each variant, prune, evaluate, train, evaluate", () => {
    const runs = expand(spec);
    expect(runs.map(({ role, variant }) => (variant ? `${variant} ${role}` : role))).toEqual([
      "search",
      "none before",
      "none train",
      "none after",
      "large prune",
      "large before",
      "large train",
      "large after",
      "small prune",
      "small before",
      "small train",
      "small after",
    ]);
    for (const run of runs) expect(Value.Errors(RunSpec, run.spec)).toEqual([]);
  });

  it("lists runs after those that they depend on", () => {
    const seen = new Set<string>();
    for (const run of expand({ ...spec, variants: ["small", "12.5%", 3, "none"] })) {
      for (const id of run.dependsOn) expect(seen).toContain(id);
      seen.add(run.id);
    }
  });

  it("evaluates the trained model after training and the pruned one before", () => {
    const runs = expand({ ...spec, variants: [4] });
    const of = (role: string) => runs.find((run) => run.role === role)!;
    expect(of("before").dependsOn).toEqual([of("prune").id]);
    expect(of("train").dependsOn).toEqual([of("prune").id]);
    expect(of("after").dependsOn).toEqual([of("train").id]);
  });

  it("searches only when a pick is wanted", () => {
    const runs = expand({ ...spec, variants: ["50%", 2] });
    expect(runs.map(({ role }) => role)).not.toContain("search");
    expect(
      runs.filter(({ role }) => role === "prune").map(({ spec: { kind, ...rest } }) => [kind, rest]),
    ).toEqual([
      ["prune", { model: spec.modelId, layers: { dropPercent: 50 } }],
      ["prune", { model: spec.modelId, layers: 2 }],
    ]);
  });
});
