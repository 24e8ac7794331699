import { newId, type TrainingSettings } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";

let api: TestApi;
/** A model as the student is, but with wider vectors. */
const wide = newId("model");
beforeAll(async () => {
  api = await startTestApi();
  await api.store.sql(
    `insert into model (id, team_id, name, state, architecture)
     select $1, team_id, 'wide', state, architecture || '{"hiddenSize": 16}' from model where id = $2`,
    [wide, api.spec.modelId],
  );
});
afterAll(() => api.close());

const distil = (settings: TrainingSettings, teacher?: string) =>
  api.client.runs.submit({
    spec: {
      kind: "train",
      model: api.spec.modelId,
      datasetId: api.spec.triplets,
      settings: { objective: "distill", ...settings },
      ...(teacher !== undefined && { teacher }),
    },
  });

it("a teacher of another width is refused for vectors before a device is taken, and taken for similarities", async () => {
  for (const distillation of ["mse", "cosine"] as const)
    await expect(distil({ distillation }, wide)).rejects.toMatchObject({
      code: "request/invalid",
      message:
        "The teacher's vectors have 16 numbers and the student's 8; set distillation=similarities, which takes any width.",
      facts: { field: "/spec/settings/distillation" },
    });
  expect(await distil({ distillation: "similarities" }, wide)).toMatchObject({ spec: { teacher: wide } });
  expect(await distil({ distillation: "mse" }, api.spec.modelId)).toMatchObject({ kind: "train" });
});

it("a teacher that is missing, not there or not wanted is refused with its field", async () => {
  const field = "/spec/teacher";
  await expect(distil({})).rejects.toMatchObject({ code: "request/invalid", facts: { field } });
  await expect(distil({}, newId("model"))).rejects.toMatchObject({ code: "resource/not-found" });
  await expect(distil({ objective: "supervised" }, wide)).rejects.toMatchObject({
    code: "request/invalid",
    message: "A teacher is of objective distill; set that, or leave the teacher out.",
    facts: { field },
  });
});
