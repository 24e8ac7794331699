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

  it("multiplies variants by searches, trainings and seeds, and shares what comes before a training", () => {
    const runs = expand({
      ...spec,
      variants: ["none", "small"],
      searches: { l3: {}, shuffled: { sampling: "shuffled" } },
      trainings: { short: { steps: 10 }, long: { steps: 20 } },
      training: { batchSize: 8 },
      seeds: [1, 2],
    });
    for (const run of runs) expect(Value.Errors(RunSpec, run.spec)).toEqual([]);
    const count = (role: string) => runs.filter((run) => run.role === role).length;
    expect(["search", "prune", "before", "train", "after"].map(count)).toEqual([2, 2, 3, 12, 12]);
    const trained = runs.filter(
      ({ role, variant }) => role === "train" && variant === "small · shuffled · long",
    );
    expect(trained.map((run) => run.spec)).toMatchObject([
      { settings: { batchSize: 8, steps: 20, seed: 1 } },
      { settings: { batchSize: 8, steps: 20, seed: 2 } },
    ]);
  });

  it("is refused by its number where it would be too many runs", () => {
    const trainings = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`t${i}`, {}]));
    const seeds = Array.from({ length: 10 }, (_, i) => i);
    const variants = ["none", ...Array.from({ length: 15 }, (_, i) => i + 1)] as const;
    expect(() => expand({ ...spec, trainings, seeds, variants: [...variants] })).toThrow(
      "It expands into 10,271 runs, of 16 variants, 32 trainings and 10 seeds; 1,000 are allowed",
    );
    expect(expand({ ...spec, seeds, variants: [...variants] })).toHaveLength(31 + 320);
  });
});
