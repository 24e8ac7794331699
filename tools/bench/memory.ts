/**
 * Peak memory of compute processes beside what is predicted of them when they are submitted, over models, batches and lengths of
 * texts. Every text has the full length, so that each point is the most that its settings can take.
 */
import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import {
  fitMemory,
  newId,
  predictMemory,
  type MemoryPlan,
  type MetricPoint,
  type ModelSize,
  type RunSpec,
} from "../../packages/contract/src/index.ts";
import { compute } from "../../apps/cli/src/offline/compute.ts";
import { smolLm2, writeModel, type Shape } from "./model-folder.ts";

const models: Readonly<Record<string, Shape>> = {
  "SmolLM2-135M": smolLm2,
  "its first 10 layers": { ...smolLm2, layers: 10 },
  "360M, 12 layers": { ...smolLm2, layers: 12, hidden: 960, intermediate: 2560, heads: 15, keyHeads: 5 },
};

interface Point {
  readonly model: string;
  readonly kind: "train" | "evaluate" | "search";
  /** Tokens of each text. */
  readonly length: number;
  /** Triplets of a step or of a batch; pairs of an evaluation. */
  readonly batch: number;
  readonly settings?: object;
  /** Bytes that chunk and kept activations are chosen for. @default none */
  readonly budget?: number;
}

const [whole, cut, wide] = Object.keys(models) as [string, string, string];
const points: readonly Point[] = [
  { model: cut, kind: "evaluate", length: 16, batch: 40 },
  { model: cut, kind: "search", length: 64, batch: 16 },
  { model: cut, kind: "train", length: 16, batch: 8 },
  { model: cut, kind: "train", length: 16, batch: 32 },
  { model: cut, kind: "train", length: 64, batch: 16, settings: { chunkTokens: 256 } },
  { model: cut, kind: "train", length: 256, batch: 2 },
  { model: cut, kind: "train", length: 512, batch: 2 },
  { model: cut, kind: "train", length: 16, batch: 24, settings: { method: "full" } },
  { model: wide, kind: "evaluate", length: 32, batch: 32 },
  { model: wide, kind: "train", length: 16, batch: 24 },
  { model: wide, kind: "train", length: 128, batch: 4, settings: { chunkTokens: 512 } },
  { model: whole, kind: "evaluate", length: 64, batch: 16 },
  { model: whole, kind: "search", length: 16, batch: 32 },
  { model: whole, kind: "train", length: 16, batch: 4 },
  { model: whole, kind: "train", length: 16, batch: 24 },
  { model: whole, kind: "train", length: 128, batch: 4, settings: { chunkTokens: 512 } },
  { model: cut, kind: "train", length: 16, batch: 64, budget: 0.65e9 },
  { model: cut, kind: "train", length: 16, batch: 64, budget: 1.5e9 },
  { model: whole, kind: "train", length: 16, batch: 256, budget: 4e9 },
];

const sentence = (row: number, side: string, words: number): string =>
  Array.from({ length: words }, (_, i) => `${side}${row} sees ${i * 7919 + row} dogs`).join(" ");

async function measure(folder: string, size: ModelSize, point: Point): Promise<Measured> {
  const { kind, length, batch, budget } = point;
  const encoding = { maxLength: length };
  const settings = {
    batchSize: batch,
    ...(kind === "train" ? { steps: 1 } : { batches: 1 }),
    ...point.settings,
  };
  const ids = { model: newId("model"), encoding };
  const spec: RunSpec =
    kind === "evaluate"
      ? { kind, ...ids, datasetIds: [newId("dataset")] }
      : { kind, ...ids, datasetId: newId("dataset"), settings };
  const plan = budget === undefined ? undefined : fitMemory(spec, size, budget);
  const work = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  try {
    const data = join(work, "rows.jsonl");
    await writeFile(data, rowsOf(point).join("\n"));
    await mkdir(join(work, "out"));
    const common = { model: folder, modelName: "m", mode: "default" as const, encoding };
    let peak = 0;
    const options = {
      environment: process.env,
      signal: new AbortController().signal,
      metrics(reported: readonly MetricPoint[]) {
        for (const { name, value } of reported) if (name === "peak_memory_bytes") peak = value;
      },
    };
    if (kind === "train")
      await compute(
        "train",
        {
          ...common,
          baseName: "m",
          triplets: data,
          texts: false,
          settings: { ...settings, ...(plan && { chunkTokens: plan.chunkTokens }) },
          ...(plan && { keptBytes: plan.keptBytes }),
          checkpoints: work,
          output: join(work, "out"),
        },
        options,
      );
    else if (kind === "evaluate")
      await compute(
        "evaluate",
        { ...common, datasets: [{ id: newId("dataset"), name: "d", task: "sts", path: data }] },
        options,
      );
    else
      await compute(
        "search",
        { ...common, dataset: { kind: "triplets", name: "d", path: data }, settings },
        options,
      );
    return { predicted: plan?.bytes ?? predictMemory(spec, size)!, peak, ...(plan && { plan }) };
  } finally {
    await rm(work, { recursive: true });
  }
}

interface Measured {
  readonly predicted: number;
  readonly peak: number;
  readonly plan?: MemoryPlan;
}

function rowsOf({ kind, length, batch }: Point): string[] {
  return Array.from({ length: batch }, (_, row) => {
    const [a, b, c] = ["a", "b", "c"].map((side) => sentence(row, side, length));
    return JSON.stringify(
      kind === "evaluate"
        ? { sentence1: a, sentence2: b, score: row % 5 }
        : { query: a, positive: b, negatives: [c] },
    );
  });
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0).padStart(6);

/** @param only the number of the point that is measured. @default all */
export async function memory(only?: number): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  let worst = 1;
  try {
    console.log(`${cpus()[0]?.model}, Node ${process.version}; MB resident`);
    console.log("predicted  measured  ratio");
    const sizes = new Map<string, ModelSize>();
    for (const point of only === undefined ? points : points.slice(only, only + 1)) {
      const { model, kind, batch, length, settings } = point;
      const folder = join(root, model);
      let size = sizes.get(model);
      if (size === undefined) sizes.set(model, (size = await writeModel(folder, models[model])));
      const { predicted, peak, plan } = await measure(folder, size, point);
      const ratio = predicted / peak;
      if (Math.abs(Math.log(ratio)) > Math.abs(Math.log(worst))) worst = ratio;
      const how = plan
        ? ` in ${megabytes(point.budget!).trim()}: chunks of ${plan.chunkTokens}, ${megabytes(plan.keptBytes).trim()} kept`
        : settings
          ? ` ${JSON.stringify(settings)}`
          : "";
      console.log(
        `   ${megabytes(predicted)}    ${megabytes(peak)}   ${ratio.toFixed(2)}  ${model}, ${kind} ${batch} x ${length}${how}`,
      );
    }
    console.log(`the farthest is ${worst.toFixed(2)} of what was measured; the goal is 0.85 to 1.15`);
  } finally {
    await rm(root, { recursive: true });
  }
}
