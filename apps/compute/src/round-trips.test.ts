import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveEncoding, type Encoding, type ExportFormat } from "@espalier/contract";
import type { ExportJob, OutcomeOf } from "@espalier/contract/compute";
import { cosine, Encoder, loraShapes, Random } from "@espalier/encoder";
import { chooseEngine } from "@espalier/engine";
import { parseConfig, openCheckpoint, truncateCheckpoint, writeAdapter, writeRecord } from "@espalier/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exportModel } from "./export.ts";

/**
 * Each of our own exports, read back by our own reader without a single option, gives our own vectors: whatever changed them
 * when the model was trained is in the folder.
 */
const folders = fileURLToPath(new URL("../../../packages/encoder/src/testing/folders", import.meta.url));
const engine = chooseEngine("onnx-cpu", { threads: 1 });
const texts = [
  "once upon a time there was a cat and a dog",
  "a",
  "the cat sat on the mat and the dog ran over the old wall in the garden under the tree",
];
const instruction = "find the cat";

interface Trip {
  readonly base: "decoder" | "bert" | "gemma3";
  readonly encoding?: Encoding;
  readonly matryoshka?: number[];
  /** Layers that are left of the base. @default all */
  readonly layers?: number[];
  /** Whether it was trained whole. @default an adapter */
  readonly isWhole?: boolean;
  /** Formats that it can be written in. */
  readonly formats: readonly ExportFormat[];
}

const sequence = { pooled: "sequence" } as const;
const every: readonly ExportFormat[] = ["safetensors", "peft", "sentence-transformers", "onnx"];
const withoutSt = every.filter((format) => format !== "sentence-transformers");

const trips: Record<string, Trip> = {
  "as it is by default": { base: "decoder", formats: withoutSt },
  mean: { base: "decoder", encoding: { pooling: "mean", ...sequence }, formats: every },
  "weighted mean": { base: "decoder", encoding: { pooling: "weighted_mean", ...sequence }, formats: every },
  "last token": { base: "decoder", encoding: { pooling: "last_token", ...sequence }, formats: every },
  "first token": { base: "bert", encoding: { pooling: "cls" }, formats: every },
  "mean of a BERT": { base: "bert", formats: every },
  "short texts": {
    base: "decoder",
    encoding: { pooling: "mean", ...sequence, maxLength: 8 },
    formats: every,
  },
  template: {
    base: "decoder",
    encoding: { pooling: "mean", ...sequence, template: "qwen2-instruct" },
    formats: withoutSt,
  },
  "both directions": {
    base: "decoder",
    encoding: { pooling: "mean", ...sequence, attention: "bidirectional" },
    formats: every,
  },
  "both directions of Gemma": {
    base: "gemma3",
    encoding: { pooling: "mean", ...sequence, attention: "bidirectional" },
    formats: every,
  },
  "prefixes that serve alone": {
    base: "decoder",
    encoding: { pooling: "mean", ...sequence },
    matryoshka: [4, 8],
    formats: every,
  },
  "layers out of the middle": {
    base: "decoder",
    encoding: { pooling: "mean", ...sequence },
    layers: [0, 1, 3],
    formats: every,
  },
  "all weights": {
    base: "decoder",
    encoding: { pooling: "last_token", ...sequence },
    isWhole: true,
    formats: ["safetensors", "sentence-transformers", "onnx"],
  },
};

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "espalier-"));
});
afterAll(() => rm(work, { recursive: true }));

/** A folder as training leaves it behind, with an adapter that changes much. */
async function trainedFolder(name: string, trip: Trip) {
  const [base, model] = [join(work, `${name}-base`), join(work, name)];
  await cp(join(folders, trip.base), base, { recursive: true });
  if (trip.layers === undefined) await cp(base, model, { recursive: true });
  else await truncateCheckpoint(base, model, trip.layers);
  const checkpoint = await openCheckpoint(model);
  await checkpoint.close();
  const { config } = checkpoint;
  const random = Random.seeded(7);
  const draw = (size: number) => Float32Array.from({ length: size }, () => random.uniform() - 0.5);
  if (trip.isWhole !== true) {
    const shapes = loraShapes(config, 2);
    const pairs = new Map(
      [...shapes.keys()]
        .filter((key) => key.endsWith(".lora_A.weight"))
        .map((key) => {
          const [rank, inputs] = shapes.get(key)!;
          const [outputs] = shapes.get(key.replace(".lora_A.", ".lora_B."))!;
          const layer = key.replace(/^base_model\.model\./, "").replace(".lora_A.weight", "");
          return [
            layer,
            { a: draw(rank! * inputs!), b: draw(outputs! * rank!), inputs: inputs!, outputs: outputs! },
          ];
        }),
    );
    await writeAdapter(model, { rank: 2, alpha: 2, pairs }, { name: base });
  }
  const { modelType } = parseConfig(JSON.stringify(Object.fromEntries(config.source)));
  const isBert = modelType === "bert";
  const encoding = resolveEncoding({ ...(isBert && { pooling: "mean", ...sequence }), ...trip.encoding });
  await writeRecord(model, { encoding, matryoshka: trip.matryoshka });
  return { base, model, encoding };
}

async function vectorsOf(folder: string): Promise<Float32Array[]> {
  await using encoder = await Encoder.load(folder, { engine });
  return [...(await encoder.embed(texts)), ...(await encoder.embed(texts, { instruction }))];
}

async function exported(name: string, trip: Trip, job: Pick<ExportJob, "model" | "base" | "encoding">) {
  const output = join(work, `${name}-output`);
  const outcome = await exportModel(
    {
      kind: "export",
      engine: "onnx-cpu",
      threads: 1,
      ...job,
      adapter: trip.isWhole !== true,
      formats: [...every],
      leaveOut: true,
      shardBytes: 1e9,
      output,
    },
    {
      engine,
      signal: new AbortController().signal,
      report: { progress() {}, metrics() {}, log() {}, checkpoint() {} },
    },
  );
  return { output, outcome };
}

/** A format's folder as a user has it; an adapter lies on its base. */
async function placed(
  output: string,
  { format, files }: OutcomeOf<"export">["exports"][number],
  base: string,
) {
  const folder = join(work, "placed");
  await rm(folder, { recursive: true, force: true });
  if (format === "peft") await cp(base, folder, { recursive: true });
  for (const { name, path } of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await cp(join(output, path), join(folder, name));
  }
  return folder;
}

test.each(Object.keys(trips))(
  "exports are read back as the model that was trained: %s",
  { timeout: 60_000 },
  async (name) => {
    const trip = trips[name]!;
    const { base, model, encoding } = await trainedFolder(name, trip);
    const config = join(base, "config.json");
    const { output, outcome } = await exported(name, trip, {
      model,
      base: { name: base, config, ...(trip.layers && { layers: trip.layers }) },
      encoding,
    });
    expect(outcome.exports.map(({ format }) => format)).toEqual(trip.formats);
    const trained = await vectorsOf(model);
    const plain = await vectorsOf(base);
    expect(Math.min(...trained.map((vector, i) => cosine(vector, plain[i]!)))).toBeLessThan(
      trip.isWhole === true ? 1.1 : 0.99,
    );
    for (const one of outcome.exports) {
      // Our reader reads no graphs; an export embeds with them itself.
      if (one.format === "onnx") continue;
      const folder = await placed(output, one, base);
      const found = await vectorsOf(folder);
      // sentence-transformers' folder keeps of a vector what was trained to serve.
      const width = one.format === "sentence-transformers" && trip.matryoshka ? 8 : trained[0]!.length;
      const cosines = found.map((vector, i) => cosine(vector, trained[i]!.subarray(0, width)));
      expect([one.format, Math.min(...cosines)]).toEqual([one.format, expect.closeTo(1, 5)]);
    }
    if (trip.matryoshka !== undefined) expect(outcome.notes.join("\n")).toContain("truncate_dim=8");
  },
);
