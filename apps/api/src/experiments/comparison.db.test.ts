import type { Run } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { finishMeasured } from "../../../../test/api/measured.ts";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const isFull = ({ variant }: Run) => variant === "none";
const compared = async (experimentId: string, query = {}) =>
  (await api.client.experiments.comparison(experimentId, query)).variants;

it("variants are compared with the full model pair by pair, before training and after, as far as they are measured", async () => {
  const { client, spec } = api;
  const { id } = await client.experiments.submit({ ...spec, variants: ["none", 2, 3] });
  expect(await client.experiments.comparison(id)).toEqual({
    baseline: "none",
    margin: 0.005,
    variants: [],
    left: [],
  });
  await finishMeasured(api, id, {
    noiseOf: (run) =>
      (run.role === "before" ? 2 : 0.1) + (isFull(run) ? 0 : run.variant === "2 layers" ? 1 : 0.0001),
  });
  const variants = await compared(id);
  expect(variants.map(({ name, stage, seeds }) => [name, stage, seeds])).toEqual([
    ["2 layers", "before", 1],
    ["2 layers", "after", 1],
    ["3 layers", "before", 1],
    ["3 layers", "after", 1],
  ]);
  const [, two, , three] = variants as [unknown, (typeof variants)[0], unknown, (typeof variants)[0]];
  expect(two.verdict).toBe("loss");
  expect(two.delta).toBeLessThan(-0.005);
  expect(two.interval[0]).toBeLessThan(two.delta);
  expect(two.interval[1]).toBeGreaterThan(two.delta);
  expect(two.datasets).toEqual([
    expect.objectContaining({ name: "sts", delta: two.delta, interval: two.interval }),
  ]);
  expect(three).toMatchObject({ verdict: "equivalent", differences: [] });
  // A margin as large as the loss, and another baseline.
  expect((await compared(id, { margin: -two.delta }))[1]).toMatchObject({ verdict: "undecided" });
  const [before] = await compared(id, { baseline: "2 layers" });
  expect(before).toMatchObject({ name: "none", stage: "before" });
  expect(before.delta).toBe(-variants[0].delta);
  await expect(client.experiments.comparison(id, { baseline: "large" })).rejects.toMatchObject({
    code: "request/invalid",
    message: 'The experiment has no variant "large" to compare with; it has none, 2 layers, 3 layers.',
    facts: { field: "/baseline" },
  });
  await expect(api.stranger.experiments.comparison(id)).rejects.toMatchObject({ code: "resource/not-found" });
});

it("says which conditions two evaluations do not share, and what cannot be compared", async () => {
  const { client, spec } = api;
  const { id } = await client.experiments.submit({ ...spec, variants: ["none", 2, 3], fresh: true });
  await finishMeasured(api, id, {
    noiseOf: () => 1,
    keepsUnits: ({ variant }) => variant !== "3 layers",
    manifestOf: (run) =>
      isFull(run) || run.kind === "train" ? {} : { engine: "tfjs", precision: "bf16-math" },
  });
  const { variants, left } = await client.experiments.comparison(id);
  expect(variants[1].differences).toEqual([
    { condition: "engine", baseline: "onnx-cpu", other: "tfjs after onnx-cpu" },
    { condition: "precision", baseline: "fp32", other: "bf16-math after fp32" },
  ]);
  expect(left).toEqual(
    ["before", "after"].map((stage) => ({
      name: "3 layers",
      stage,
      why: "What each unit of sts adds is not stored, or is of other rows; evaluate it again.",
    })),
  );
});
