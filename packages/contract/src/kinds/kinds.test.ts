import { describe, expect, it } from "vitest";
import { Value } from "typebox/value";
import { newId } from "../id.ts";
import type { RunSpec } from "./kinds.ts";
import { dependenciesOf, resolveSpec, runKinds, runSpecs, sharesDevice } from "./kinds.ts";

const [model, datasetId] = [newId("model"), newId("dataset")];
const specs: RunSpec[] = [
  { kind: "import", modelId: model, uploadId: newId("upload") },
  { kind: "prune", model, layers: 3 },
  { kind: "search", model, datasetId },
  { kind: "train", model, datasetId, encoding: { pooling: "mean" }, settings: { method: "full" } },
  { kind: "evaluate", model, datasetIds: [datasetId], mode: "reference" },
  { kind: "export", model },
];

it("has a spec of every kind to try", () => {
  expect(specs.map(({ kind }) => kind)).toEqual(runKinds);
});

describe.each(specs)("the resolved spec of a run of kind $kind", (spec) => {
  const resolved = resolveSpec(spec);

  it("is a spec, says what was asked for, and resolves to itself", () => {
    expect(Value.Errors(runSpecs[spec.kind], resolved)).toEqual([]);
    expect(resolved).toMatchObject(spec);
    expect(resolveSpec(resolved)).toEqual(resolved);
  });
});

it("is resolved with the defaults of its mode and method, and leaves open what the model decides", () => {
  expect(resolveSpec(specs[3])).toMatchObject({
    mode: "default",
    encoding: { pooling: "mean" },
    settings: { learningRate: 2e-5, steps: 1000, chunkTokens: 1024 },
  });
  const search = resolveSpec({ kind: "search", model, datasetId, mode: "reference" });
  expect(search).toMatchObject({ settings: { scale: 20, sampling: "shuffled" } });
  for (const name of ["pooling", "attention", "maxLength", "template"])
    expect(search).not.toHaveProperty(["encoding", name]);
  expect(resolveSpec(specs[5])).toEqual({
    ...specs[5],
    formats: ["safetensors"],
    leaveOut: false,
    shardBytes: 5_000_000_000,
  });
});

it("shares its device only where it computes next to nothing", () => {
  expect(runKinds.filter(sharesDevice)).toEqual(["import", "prune"]);
});

it("names the runs whose outputs its spec needs", () => {
  const [a, b] = [newId("run"), newId("run")];
  expect(dependenciesOf({ kind: "prune", model: { run: a }, layers: { run: b, pick: "large" } })).toEqual([
    a,
    b,
  ]);
  expect(dependenciesOf({ kind: "prune", model: { run: a }, layers: { run: a, pick: "large" } })).toEqual([
    a,
  ]);
  expect(dependenciesOf({ kind: "prune", model, layers: 3 })).toEqual([]);
});
