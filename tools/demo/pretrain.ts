/**
 * Pretrains the demo's language model from nothing, on generated text, and writes it as a Hugging Face folder.
 *
 *   node --import tsx tools/demo/pretrain.ts --out DIR [--steps 2400] [--minutes 60] [--seed 1] [--lr 0.004] [--batch 16]
 *
 * Run again with the same arguments it goes on where it stopped. DIR/model always holds the newest weights; what is
 * needed to go on is beside it. The text, the order of the batches and the first weights follow from the seed; the
 * last digits of the weights depend on the machine's arithmetic.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gradientOf, languageModelStep, rotaryTables } from "@espalier/encoder";
import { chooseEngine } from "@espalier/engine";
import {
  adamW,
  adamWStart,
  clipGlobalNorm,
  type AdamWState,
  type Arrays,
  type Tensor,
} from "@espalier/tensor";
import { CONFIG, initialise, LENGTH, MODEL } from "./model.ts";
import { packedBatch } from "./packing.ts";
import { Random } from "./random.ts";
import { decodeSafetensors, encodeSafetensors, type Floats } from "./safetensors.ts";
import { documentEncoder, makeTokenizer } from "./tokenizer.ts";

const { values: given } = parseArgs({
  options: {
    out: { type: "string" },
    steps: { type: "string", default: "2400" },
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    lr: { type: "string", default: "0.004" },
    batch: { type: "string", default: "16" },
  },
});
if (given.out === undefined) throw new Error("--out DIR is missing");
const out = given.out;
const [steps, minutes, seed, peak, batch] = [
  given.steps,
  given.minutes,
  given.seed,
  given.lr,
  given.batch,
].map(Number) as [number, number, number, number, number];
const WARMUP = 100;
const DECAY = 0.05;
const SAVE_EVERY = 100;

/** Rises over the warmup, then falls along half a cosine to a twentieth of its peak. */
function rateAt(step: number): number {
  if (step < WARMUP) return (peak * (step + 1)) / WARMUP;
  const progress = Math.min(1, (step - WARMUP) / Math.max(1, steps - WARMUP));
  return peak * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

interface Progress {
  readonly parameters: Arrays;
  readonly state: AdamWState;
  readonly seconds: number;
}

const resumeFile = join(out, "resume.safetensors");
const files = makeTokenizer(seed);
const encode = documentEncoder(files);
const { outputs, parameters: shapes } = languageModelStep(MODEL);

const floats = (arrays: Arrays, prefix: string): [string, Floats][] =>
  [...arrays].map(([name, data]) => [prefix + name, { shape: shapes.get(name) ?? [data.length], data }]);

async function replace(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}

async function save({ parameters, state, seconds }: Progress): Promise<void> {
  const folder = join(out, "model");
  await mkdir(folder, { recursive: true });
  const model = new Map(floats(parameters, "model."));
  await replace(join(folder, "model.safetensors"), encodeSafetensors(model, "BF16", { format: "pt" }));
  await replace(join(folder, "config.json"), `${JSON.stringify(CONFIG, null, 2)}\n`);
  await replace(join(folder, "tokenizer.json"), files.tokenizer);
  await replace(join(folder, "tokenizer_config.json"), files.config);
  const all = new Map([
    ...floats(parameters, "parameter:"),
    ...floats(state.mean, "mean:"),
    ...floats(state.square, "square:"),
  ]);
  const metadata = { step: String(state.step), seconds: String(seconds), seed: String(seed) };
  await replace(resumeFile, encodeSafetensors(all, "F32", metadata));
}

async function load(): Promise<Progress> {
  if (!existsSync(resumeFile)) {
    const parameters = initialise(shapes, seed);
    return { parameters, state: adamWStart(parameters), seconds: 0 };
  }
  const { tensors, metadata } = decodeSafetensors(await readFile(resumeFile));
  if (metadata.get("seed") !== String(seed))
    throw new Error(`${resumeFile} was begun with seed ${metadata.get("seed")}`);
  const group = (prefix: string): Map<string, Float32Array> =>
    new Map([...shapes.keys()].map((name) => [name, tensors.get(prefix + name)?.data ?? new Float32Array()]));
  return {
    parameters: group("parameter:"),
    state: { step: Number(metadata.get("step")), mean: group("mean:"), square: group("square:") },
    seconds: Number(metadata.get("seconds")),
  };
}

const executable = await chooseEngine("onnx-cpu").open(outputs);
const rotary = rotaryTables(MODEL, LENGTH);

async function lossAndGradients(
  parameters: Arrays,
  rng: Random,
): Promise<{ loss: number; gradients: Arrays }> {
  const feeds: Record<string, Tensor> = { ...rotary, ...packedBatch(rng, encode, batch, LENGTH) };
  for (const [name, data] of parameters) feeds[name] = { dtype: "f32", shape: shapes.get(name) ?? [], data };
  const results = await executable.run(feeds);
  const gradients = new Map(
    [...shapes.keys()].map((name) => [name, results[gradientOf(name)]?.data as Float32Array]),
  );
  return { loss: results["loss"]?.data[0] ?? Number.NaN, gradients };
}

let progress = await load();
const size = [...progress.parameters.values()].reduce((sum, { length }) => sum + length, 0);
console.log(
  `${size} parameters, ${batch * LENGTH} tokens a step, from step ${progress.state.step} of ${steps}`,
);
const started = Date.now();
const before = progress.seconds;
let smooth = Number.NaN;
while (progress.state.step < steps && Date.now() - started < minutes * 60_000) {
  const { step } = progress.state;
  const { loss, gradients } = await lossAndGradients(progress.parameters, new Random(seed, `batch ${step}`));
  if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss} at step ${step}`);
  smooth = Number.isNaN(smooth) ? loss : 0.95 * smooth + 0.05 * loss;
  const clipped = clipGlobalNorm(gradients, 1);
  const state = adamW(progress.parameters, clipped.gradients, progress.state, {
    learningRate: rateAt(step),
    beta2: 0.98,
    weightDecay: DECAY,
  });
  const seconds = before + (Date.now() - started) / 1000;
  progress = { parameters: progress.parameters, state, seconds };
  if ((step + 1) % 20 === 0) {
    const speed = ((state.step * batch * LENGTH) / seconds).toFixed(0);
    console.log(
      `step ${step + 1}  loss ${smooth.toFixed(3)}  norm ${clipped.norm.toFixed(2)}  ${seconds.toFixed(0)} s  ${speed} tokens/s`,
    );
  }
  if ((step + 1) % SAVE_EVERY === 0) await save(progress);
}
await save(progress);
const { loss } = await lossAndGradients(progress.parameters, new Random(seed, "validation"));
console.log(
  `validation loss ${loss.toFixed(3)} nats a token after ${progress.state.step} steps, ${progress.seconds.toFixed(0)} s`,
);
await executable.close();
