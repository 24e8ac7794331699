import { isProblem, newId, type KeptLayers, type LayersRef, type Mode, type Run } from "@espalier/contract";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Preparation } from "../../apps/worker/src/kinds/kind.ts";
import { pruneRun } from "../../apps/worker/src/kinds/prune.ts";
import { startTestApi, type TestApi } from "./service.ts";

// What a reference to layers keeps is asked in three places: when a run is submitted, when the memory of the runs after
// it is predicted, and when the worker prunes.
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const table = 90;
const perLayer = 1000;
const sizeOf = (layers: number) => ({
  type: "llama",
  layers,
  hiddenSize: 9,
  vocabularySize: 10,
  parameters: table + perLayer * layers,
  dtype: "F32",
});

const models = new Map<number, Promise<string>>();
/** A model of a depth, of which nobody reads the bytes. */
function modelOf(depth: number): Promise<string> {
  const insert = async () => {
    const id = newId("model");
    await api.store.sql(
      "insert into model (id, team_id, name, state, architecture) values ($1, $2, $1, 'READY', $3)",
      [id, api.store.teamId, JSON.stringify(sizeOf(depth))],
    );
    return id;
  };
  const model = models.get(depth) ?? insert();
  models.set(depth, model);
  return model;
}

/** What a call gives, or the code of the problem that it was refused with. */
const verdict = <Value>(call: Promise<Value>): Promise<Value | string> =>
  call.catch((error: unknown) => {
    if (isProblem(error)) return error.code;
    throw error;
  });

const submit = async (modelId: string, layers: LayersRef, mode: Mode): Promise<Run | string> =>
  verdict(api.client.runs.submit({ spec: { kind: "prune", model: modelId, layers, mode } }));

/** Memory that an evaluation of a model is predicted to need. */
async function predicted(model: string | { run: string }): Promise<number | undefined> {
  const spec = { kind: "evaluate" as const, model, datasetIds: api.spec.evaluation };
  return (await api.client.runs.submit({ spec })).predictedBytes;
}

async function prepared(modelId: string, layers: LayersRef, mode: Mode): Promise<KeptLayers | string> {
  const model = await api.store.models.get(api.store.teamId, modelId);
  const preparation = {
    claim: { teamId: api.store.teamId },
    workspace: { model: "model", output: "output" },
    context: { store: api.store },
    model,
    sources: [],
    common: { engine: "none" },
  } as unknown as Preparation;
  const ready = await verdict(pruneRun.prepare({ kind: "prune", model: modelId, layers, mode }, preparation));
  if (typeof ready === "string") return ready;
  if (ready.job.kind !== "prune") throw new Error("Another kind was prepared.");
  return ready.job.layers;
}

const depths = fc.integer({ min: 1, max: 40 });
const percents = fc.oneof(
  fc.integer({ min: 0, max: 99 }),
  fc.integer({ min: 0, max: 9_999 }).map((hundredths) => hundredths / 100),
);
const references = fc.oneof(
  fc.integer({ min: 1, max: 45 }),
  percents.map((dropPercent) => ({ dropPercent })),
  fc.array(fc.integer({ min: 0, max: 45 }), { minLength: 1, maxLength: 6 }).map((keep) => ({ keep })),
  fc
    .uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 6 })
    .map((keep) => ({ keep: keep.toSorted((a, b) => a - b) })),
);

test("the API, the prediction of memory and the worker keep the same layers of every model", async () => {
  await fc.assert(
    fc.asyncProperty(
      depths,
      references,
      fc.constantFrom<Mode[]>("default", "reference"),
      async (depth, layers, mode) => {
        const modelId = await modelOf(depth);
        const [run, kept] = await Promise.all([
          submit(modelId, layers, mode),
          prepared(modelId, layers, mode),
        ]);
        if (typeof run === "string" || typeof kept === "string") {
          expect(run).toBe(kept);
          return;
        }
        const count = typeof kept === "number" ? kept : kept.length;
        expect(await predicted({ run: run.id })).toBe(await predicted(await modelOf(count)));
      },
    ),
    { numRuns: 60 },
  );
});

test("dropping 90 % of 10 layers keeps one, and none in reference mode, which is refused when it is submitted", async () => {
  const modelId = await modelOf(10);
  expect(await submit(modelId, { dropPercent: 90 }, "default")).toMatchObject({ kind: "prune" });
  expect(await prepared(modelId, { dropPercent: 90 }, "default")).toBe(1);
  expect(await submit(modelId, { dropPercent: 90 }, "reference")).toBe("layers/out-of-range");
  expect(await prepared(modelId, { dropPercent: 90 }, "reference")).toBe("layers/out-of-range");
});
