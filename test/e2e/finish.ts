import { newId, type EvaluationResult, type Run, type RunResult, type TaskScore } from "@espalier/contract";
import { formatUnits, unitsFile } from "@espalier/evaluation";
import { locations, type Claim, type NewArtifact } from "@espalier/store";
import { spearman } from "../../packages/evaluation/src/correlation.ts";
import type { Passes } from "../../apps/api/src/scheduler/passes.ts";
import type { TestApi } from "../api/service.ts";
import { pass } from "./pass.ts";
import { searchResult } from "./search-result.ts";

/** Scores as an encoder of so many of 30 layers has them, before and after its training. */
const scoreOf = (layers: number, trained: boolean): number =>
  trained
    ? 0.79 - 0.16 * ((26 - layers) / 26) ** 2 - (layers > 26 ? 0.012 : 0)
    : 0.31 + 0.12 * Math.exp(-(((layers - 12) / 7) ** 2));

const layersOf = { none: 30, large: 23, small: 10, "50%": 15 } as const;
const parametersOf = (layers: number): number => 28_311_552 + layers * 3_540_096;

/** Lets every run of an experiment end as its worker would, so that its report is whole. */
export async function finish(api: TestApi, passes: Passes, experimentId: string): Promise<void> {
  for (;;) {
    const claims = await pass(api, passes);
    if (claims.length === 0) break;
    for (const claim of claims) await succeed(api, claim);
  }
  const { state } = await api.client.experiments.get(experimentId);
  if (state !== "SUCCEEDED") throw new Error(`The experiment is ${state}.`);
}

async function succeed(api: TestApi, { lease }: Claim): Promise<void> {
  const { store } = api;
  const run = await store.runs.get(store.teamId, lease.runId);
  const layers = layersOf[(run.variant ?? "none") as keyof typeof layersOf];
  const isModel = run.kind === "prune" || run.kind === "train";
  const modelId = newId("model");
  if (run.kind === "train")
    await store.metrics.append(
      lease,
      Array.from({ length: 400 }, (_, step) => [
        {
          name: "loss",
          step,
          value: 0.3 + 6 / layers + 2.4 * Math.exp(-step / (60 + 2 * layers)) + noise(step),
        },
        { name: "tokens_per_second", step, value: (5210 * 30) / layers + 90 * noise(step) },
      ]).flat(),
    );
  await store.leases.succeed(lease, {
    result: resultOf(run, layers, modelId),
    ...(run.kind === "evaluate" && { artifacts: [await unitsOf(api, lease, layers, run)] }),
    ...(isModel && {
      model: {
        id: modelId,
        name: `smollm2-${run.variant}${run.kind === "train" ? "-trained" : ""}`,
        architecture: {
          type: "llama",
          layers,
          hiddenSize: 576,
          vocabularySize: 49_152,
          parameters: parametersOf(layers),
          dtype: "BF16",
        },
        files: [],
        baseModelId: await baseOf(api, run),
      },
    }),
  });
  const took = { search: 9, prune: 0.2, train: 21 + layers, evaluate: 3, import: 1, export: 1 }[run.kind];
  await store.sql("update run set started_at = now() - $2 * interval '1 minute' where id = $1", [
    run.id,
    took,
  ]);
}

const noise = (step: number): number => 0.03 * Math.sin(step * 1.7) + 0.02 * Math.sin(step * 0.37);
/** The model that a run goes out from, also where another run has made it. */
async function baseOf({ store, spec: { modelId } }: TestApi, { spec }: Run): Promise<string> {
  if (!("model" in spec)) return modelId;
  if (typeof spec.model === "string") return spec.model;
  const { result } = await store.runs.get(store.teamId, spec.model.run);
  return result && "modelId" in result && result.modelId !== undefined ? result.modelId : modelId;
}

function resultOf(run: Run, layers: number, modelId: string): RunResult {
  switch (run.kind) {
    case "search":
      return searchResult;
    case "train":
      return {
        modelId,
        steps: 400,
        firstLoss: 3.1,
        lastLoss: 0.3 + 6 / layers,
        seconds: 60 * (21 + layers),
        tokens: 3_400_000,
        tokensPerSecond: Math.round((5210 * 30) / layers),
        trainableParameters: 4_884_480,
        peakMemoryBytes: 3_900_000_000,
      };
    case "evaluate":
      return evaluationOf(run, layers);
    default:
      return { modelId };
  }
}

function evaluationOf({ spec, role }: Run, layers: number): EvaluationResult {
  const [datasetId] = "datasetIds" in spec ? spec.datasetIds : [];
  return {
    scores: [stsOf(datasetId, spearman(cosinesOf(layers, role === "after"), gold))],
    tokensPerSecond: Math.round(18_000 * (30 / layers)),
    tokens: 41_000,
    seconds: 4,
    peakMemoryBytes: 1_200_000_000,
  };
}

/** The gold scores of the pairs of the evaluation set. */
const gold = Float64Array.from({ length: 1379 }, (_, i) => (i * 7) % 6);

/** Cosines that agree with the gold scores about as well as an encoder of so many layers does. */
function cosinesOf(layers: number, trained: boolean): Float64Array {
  const aim = scoreOf(layers, trained);
  return gold.map((score, i) => {
    // What encoders get wrong they mostly share.
    const shared = Math.sin((i + 1) * 12.9898) + Math.cos((i + 1) * 78.233);
    const own = Math.sin((i + 1) * (4.1414 + layers)) + (trained ? 0.2 : 0.4) * Math.cos(i * layers);
    return (aim * (score - 2.5)) / 1.7 + Math.sqrt(1 - aim ** 2) * (0.9 * shared + 0.3 * own);
  });
}

/** What an evaluation stores of each pair. */
async function unitsOf(
  { store }: TestApi,
  { runId, attempt }: Claim["lease"],
  layers: number,
  { spec, role }: Run,
): Promise<NewArtifact> {
  const [datasetId] = "datasetIds" in spec ? spec.datasetIds : [];
  const values = cosinesOf(layers, role === "after");
  const line = formatUnits({ datasetId: datasetId, task: "sts", statistic: "spearman", values, gold });
  const bytes = (async function* () {
    yield Buffer.from(`${line}\n`);
  })();
  return {
    id: newId("artifact"),
    kind: "evaluation-units",
    name: unitsFile,
    stored: await store.bytes.put(locations.attempt(runId, attempt, unitsFile), bytes),
  };
}

const stsOf = (datasetId: string, spearman: number): TaskScore => ({
  datasetId,
  name: "stsb",
  task: "sts",
  score: spearman,
  metrics: { spearman, pearson: spearman - 0.01 },
  units: 1379,
});

/** What the untrained model scores with each number of its layers. */
export function depthsResult(datasetId: string): EvaluationResult {
  const depths = Array.from({ length: 30 }, (_, i) => ({
    layers: i + 1,
    scores: [stsOf(datasetId, scoreOf(i + 1, false))],
  }));
  return {
    computedOn: { engine: "onnx-cuda", precision: "bf16", devices: ["cuda:0"] },
    scores: depths.at(-1)!.scores,
    depths,
    tokensPerSecond: 18_000,
    tokens: 41_000,
    seconds: 4,
    peakMemoryBytes: 1_200_000_000,
  };
}
