import type { Experiment } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { finishMeasured } from "../../../../test/api/measured.ts";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";

let api: TestApi;
let experiment: Experiment;
beforeAll(async () => {
  api = await startTestApi();
  const { id } = await api.client.experiments.submit({
    ...api.spec,
    variants: ["none", 2, 3],
    promote: "Δ ≥ -0.5",
  });
  await expect(api.client.experiments.promote(id)).rejects.toMatchObject({
    code: "resource/conflict",
    message: "The experiment is still running; promote when it has ended.",
  });
  // With 2 layers scores are far worse, and with 3 they are the same.
  await finishMeasured(api, id, { noiseOf: ({ variant }) => (variant === "2 layers" ? 2 : 1) });
  experiment = await api.client.experiments.get(id);
});
afterAll(() => api.close());

it("marks the model of the variant that passes the experiment's rule, and who did it", async () => {
  const model = await api.client.experiments.promote(experiment.id);
  const three = experiment.variants.find(({ name }) => name === "3 layers")!;
  expect(model).toMatchObject({
    id: three.modelId,
    promotion: { experimentId: experiment.id, variant: "3 layers", when: "Δ ≥ -0.5", delta: 0 },
  });
  expect(model.promotion!.by).toEqual(model.createdBy ?? expect.objectContaining({ key: expect.anything() }));
  expect(await api.client.models.get(model.id)).toEqual(model);
  const { items } = await api.client.models.list();
  expect(items.filter(({ promotion }) => promotion).map(({ id }) => id)).toEqual([model.id]);
});

it("says why each variant is refused, and marks nothing", async () => {
  const { promote } = api.client.experiments;
  const marked = () => api.store.sql("select id, promotion from model where promotion is not null");
  const before = await marked();
  await expect(promote(experiment.id, { when: "lower ≥ 1 and Δ ≥ 0.5" })).rejects.toMatchObject({
    code: "resource/conflict",
    message: expect.stringMatching(
      /^Nothing is promoted by lower ≥ 1 and Δ ≥ 0\.5\. 2 layers: the lower end of its interval is -\d.*, below 1, and Δ is -.*\. 3 layers: the lower end of its interval is 0\.00, below 1, and Δ is 0\.00, below 0\.5\.$/,
    ) as string,
  });
  await expect(promote(experiment.id, { variant: "2 layers" })).rejects.toThrow(
    /^Nothing is promoted by Δ ≥ -0\.5\. 2 layers: Δ is -\d+\.\d+, below -0\.5\.$/,
  );
  await expect(promote(experiment.id, { variant: "9 layers" })).rejects.toMatchObject({
    code: "request/invalid",
    facts: { field: "/variant" },
    message: 'No trained variant "9 layers" is compared with none; there are 2 layers, 3 layers.',
  });
  await expect(promote(experiment.id, { when: "Δ is good" })).rejects.toMatchObject({
    code: "request/invalid",
    facts: { field: "/when" },
  });
  await expect(api.stranger.experiments.promote(experiment.id)).rejects.toMatchObject({
    code: "resource/not-found",
  });
  expect(await marked()).toEqual(before);
});
