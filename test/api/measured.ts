import { newId, type Run, type RunResult } from "@espalier/contract";
import { formatUnits } from "@espalier/evaluation";
import { locations, type NewArtifact } from "@espalier/store";
import type { TestApi } from "./service.ts";

/** The gold scores of the pairs that are measured. */
export const gold = Float64Array.from({ length: 200 }, (_, i) => i % 6);

/** Cosines that follow the gold scores the less, the more noise there is; the same for the same noise and seed. */
export const cosines = (noise: number, seed: number): Float64Array =>
  gold.map((score, i) => score + noise * Math.sin((i + 1) * 12.9898 + seed) * 3);

export interface Finishing {
  /** How noisy the model is that a run evaluates. */
  noiseOf: (run: Run) => number;
  seedOf?: (run: Run) => number;
  /** What a run writes down of how it was computed, beside what is usual. */
  manifestOf?: (run: Run) => object;
  /** Whether units are stored; default: of all. */
  keepsUnits?: (run: Run) => boolean;
}

/** Lets every queued run of an experiment end as a worker would, with units and manifests, until none is left. */
export async function finishMeasured(
  api: TestApi,
  experimentId: string,
  finishing: Finishing,
): Promise<void> {
  const { store } = api;
  for (;;) {
    const runs = await store.runs.ofExperiment(store.teamId, experimentId);
    const queued = runs.filter(({ state }) => state === "QUEUED");
    if (queued.length === 0) return;
    for (const { id } of queued) await succeed(api, id, finishing);
  }
}

async function succeed({ store }: TestApi, runId: string, finishing: Finishing): Promise<void> {
  const { noiseOf, seedOf = () => 0, manifestOf = () => ({}), keepsUnits = () => true } = finishing;
  const { lease } = await store.claimed(runId);
  const run = await store.runs.get(store.teamId, runId);
  const put = async (kind: NewArtifact["kind"], name: string, text: string): Promise<NewArtifact> => ({
    id: newId("artifact"),
    kind,
    name,
    stored: await store.bytes.put(
      locations.attempt(runId, lease.attempt, name),
      (async function* () {
        yield Buffer.from(text);
      })(),
    ),
  });
  const resolved = { mode: "default", encoding: { pooling: "mean" }, settings: { scale: 50 } };
  const manifest = { engine: "onnx-cpu", precision: "fp32", resolved, ...manifestOf(run) };
  const artifacts = [await put("manifest", "manifest.json", JSON.stringify(manifest))];
  const modelId = newId("model");
  let result: RunResult = { modelId };
  if ("datasetIds" in run.spec) {
    const [datasetId] = run.spec.datasetIds as [string];
    const values = cosines(noiseOf(run), seedOf(run));
    const line = formatUnits({ datasetId, task: "sts", statistic: "spearman", values, gold });
    if (keepsUnits(run)) artifacts.push(await put("evaluation-units", "units.jsonl", `${line}\n`));
    const score = 1 - noiseOf(run) / 10;
    result = {
      scores: [{ datasetId, name: "sts", task: "sts", score, metrics: { spearman: score }, units: 200 }],
      tokensPerSecond: 100,
      tokens: 10,
      seconds: 1,
      peakMemoryBytes: 1,
    };
  } else if (run.kind === "train")
    result = {
      modelId,
      steps: 1,
      firstLoss: 2,
      lastLoss: 1,
      seconds: 7,
      tokens: 5,
      tokensPerSecond: 1,
      trainableParameters: 3,
      peakMemoryBytes: 1,
    };
  await store.leases.succeed(lease, {
    result,
    artifacts,
    ...("modelId" in result && {
      model: {
        id: modelId,
        name: `made-by-${runId}`,
        architecture: {
          type: "llama",
          layers: 2,
          hiddenSize: 8,
          vocabularySize: 9,
          parameters: 60,
          dtype: "F32",
        },
        files: [],
      },
    }),
  });
}
