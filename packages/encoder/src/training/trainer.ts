import { checkDistillation, Problem, type ResolvedTrainingSettings } from "@espalier/contract";
import {
  adamW,
  adamWStart,
  clipGlobalNorm,
  learningRate,
  type Arrays,
  type Engine,
  type Schedule,
} from "@espalier/tensor";
import { seenThrough } from "@espalier/model";
import type { DropoutRates } from "../blocks/dropout.ts";
import { tokenizeText } from "../tokenize.ts";
import { addTo } from "../vectors.ts";
import { Batches } from "./batches.ts";
import { CollapseWatch, meanCosine } from "./collapse.ts";
import type { DistillationOptions } from "./distillation.ts";
import { GradCache } from "./gradcache.ts";
import { textsOfBatch } from "./texts-of-batch.ts";
import { fullModel } from "./full.ts";
import { lora } from "./lora.ts";
import type { TrainingInputs } from "./inputs.ts";
import { fingerprintOf, type TrainingState } from "./state.ts";
import type { Trainable } from "./trainable.ts";

/** What `train` takes beside its inputs. */
export interface TrainingControl {
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of activations that are kept for the backward pass, and not computed again. @default 0 */
  readonly keptBytes?: number | undefined;
  /** Called after each step. */
  readonly report?: ((step: StepReport) => void) | undefined;
  /**
   * Called every `checkpointEvery` steps, after the last one, and with the last finished step when `signal` aborts;
   * given all that a resumed training needs. The next step waits for it, and then changes the arrays.
   */
  readonly save?: ((state: TrainingState) => Promise<void>) | undefined;
  /** Continue from here; its arrays are changed. */
  readonly resume?: TrainingState | undefined;
}

/** What `train` reports after a step. */
export interface StepReport {
  /** Updates made, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Mean cosine of each query with the other queries' positives; near 1 the encoder has collapsed to one direction. */
  readonly meanCosine: number;
  /** Real tokens of this step, padding left out. */
  readonly tokens: number;
  readonly seconds: number;
}

export interface Training {
  /** What was trained, by name: an adapter's factors, or every weight. */
  readonly parameters: Arrays;
  readonly losses: readonly number[];
  /** Real tokens of all steps. */
  readonly tokens: number;
  /** Time of all steps; opening the graphs is not counted. */
  readonly seconds: number;
}

/** What these settings train. */
export const trainableOf = ({ model, settings, mode }: TrainingInputs): Trainable =>
  settings.method === "full"
    ? fullModel(model)
    : lora(model, { rank: settings.loraRank, alpha: settings.loraAlpha, seed: settings.seed, mode });

/**
 * Contrastive training as L3Prune does it: one task to a batch, in-batch and hard negatives, AdamW without decay, a
 * short warm-up, then a linear fall whose horizon lies far beyond the last step. Trained is a LoRA adapter on all linear
 * layers, or everything. With `simcse` each query is its own positive, under other dropout: Gao, Yao and Chen 2021
 * (arXiv:2104.08821); with `distill` the vectors of a teacher are learned. The same inputs on the same engine give the same bits, interrupted or not.
 * @throws {Problem} `dataset/too-small` before anything is computed; `training/diverged` or `training/collapsed` naming the step;
 * `resource/conflict` when the state to resume belongs to another training; `request/invalid` when a Matryoshka prefix
 * is longer than the vector
 */
export async function train(inputs: TrainingInputs, control: TrainingControl): Promise<Training> {
  const { triplets, settings, encoding, mode = "default" } = inputs;
  const model = { ...inputs.model, config: seenThrough(inputs.model.config, encoding.attention) };
  const { resume, engine, signal } = control;
  const { batchSize, seed, steps, accumulate } = settings;
  checkPrefixes(settings.matryoshka, model.config.hiddenSize);
  checkDepths(settings.adaptiveLayers, model.config.layers);
  const distillation = distillationOf(inputs);
  const fresh = Batches.start(triplets, batchSize, seed, mode);
  const fingerprint = fingerprintOf(inputs);
  if (resume && resume.fingerprint !== fingerprint) {
    throw new Problem(
      "resource/conflict",
      "The saved state belongs to a training with other settings, data or model; start anew.",
    );
  }
  const batches = resume ? Batches.resume(triplets, batchSize, resume.batches, mode) : fresh;
  const schedule = scheduleOf(settings, batches.perEpoch);
  const collapse = new CollapseWatch(schedule.warmup);
  const trainable = trainableOf(inputs);
  const parameters = resume?.parameters ?? (await trainable.start());
  const losses = [...(resume?.losses ?? [])];
  let state: TrainingState = resume ?? {
    fingerprint,
    step: 0,
    parameters,
    optimizer: adamWStart(parameters),
    batches: batches.position,
    losses,
    tokens: 0,
    seconds: 0,
  };

  let saved = state.step;
  const save = async () => {
    if (state.step === saved) return;
    saved = state.step;
    await control.save?.({ ...state, losses: losses.slice(0, state.step) });
  };

  const cache = await GradCache.open({
    model,
    engine,
    pooling: encoding.pooling,
    trainable,
    scale: settings.scale,
    matryoshka: settings.matryoshka,
    adaptiveLayers: settings.adaptiveLayers,
    distillation,
    dropout: dropoutOf(settings),
    chunkTokens: settings.chunkTokens,
    keptBytes: control.keptBytes,
  });
  /** Loss and gradient of one step: the means over its batches. */
  async function accumulated(step: number) {
    let tokens = 0;
    let loss = 0;
    let sums: Map<string, Float32Array> | undefined;
    let cosine = 0;
    for (let part = 0; part < accumulate; part++) {
      const { epoch } = batches.position;
      const plain = textsOfBatch(batches.next(), settings, epoch);
      const texts = plain.map(({ text, instruction }) => tokenizeText(text, inputs, instruction));
      const teacher = inputs.teacher?.of(plain);
      tokens += texts.reduce((sum, { ids }) => sum + ids.length, 0);
      const partSeed = (seed + step * accumulate + part) >>> 0;
      const one = await cache.step(texts, batchSize, parameters, { seed: partSeed, teacher, signal });
      loss += one.loss / accumulate;
      cosine += meanCosine(one.vectors, batchSize, model.config.hiddenSize) / accumulate;
      sums = addScaled(sums, one.gradients, 1 / accumulate);
    }
    return { tokens, loss, gradients: sums!, cosine };
  }

  try {
    while (state.step < steps) {
      const started = performance.now();
      const { step } = state;
      const { tokens, loss, gradients, cosine } = await accumulated(step);
      const { gradients: clipped, norm } = clipGlobalNorm(gradients, settings.maxGradientNorm);
      refuseNonFinite(step + 1, loss, norm);
      collapse.see(step + 1, cosine);
      // The reference's warm-up begins with a step at a rate of 0, which changes nothing.
      const ahead = mode === "default" && step < schedule.warmup ? 1 : 0;
      const rate = learningRate(schedule, step + ahead);
      const { weightDecay } = settings;
      const optimizer = adamW(parameters, clipped, state.optimizer, { learningRate: rate, weightDecay });
      losses.push(loss);
      const seconds = (performance.now() - started) / 1000;
      state = {
        fingerprint,
        step: step + 1,
        parameters,
        optimizer,
        batches: batches.position,
        losses,
        tokens: state.tokens + tokens,
        seconds: state.seconds + seconds,
      };
      control.report?.({
        step: step + 1,
        loss,
        learningRate: rate,
        gradientNorm: norm,
        meanCosine: cosine,
        tokens,
        seconds,
      });
      if (state.step % settings.checkpointEvery === 0 || state.step === steps) await save();
    }
  } catch (error) {
    if (signal?.aborted) await save();
    throw error;
  } finally {
    await cache.close();
  }
  return { parameters, losses, tokens: state.tokens, seconds: state.seconds };
}

function checkPrefixes(prefixes: readonly number[] | undefined, width: number): void {
  const wrong = prefixes?.find((length) => length > width);
  if (wrong === undefined) return;
  throw new Problem(
    "request/invalid",
    `A prefix of ${wrong} numbers is longer than the model's vectors of ${width}; choose shorter ones.`,
    { field: "/settings/matryoshka" },
  );
}

function checkDepths(drawn: number | undefined, layers: number): void {
  if (drawn === undefined || drawn < layers) return;
  throw new Problem(
    "request/invalid",
    `A step cannot draw ${drawn} depths below the ${layers} layers of the model; choose at most ${layers - 1}.`,
    { field: "/settings/adaptiveLayers" },
  );
}

function dropoutOf({
  loraDropout: adapter,
  attentionDropout: attention,
  hiddenDropout: hidden,
}: ResolvedTrainingSettings): DropoutRates | undefined {
  return adapter + attention + hidden > 0 ? { adapter, attention, hidden } : undefined;
}

/** Adds scaled gradients to their sums, in place; the first ones become the sums. */
function addScaled(
  sums: Map<string, Float32Array> | undefined,
  parts: Map<string, Float32Array>,
  factor: number,
): Map<string, Float32Array> {
  if (factor !== 1)
    for (const part of parts.values()) for (let i = 0; i < part.length; i++) part[i]! *= factor;
  if (sums === undefined) return parts;
  for (const [name, part] of parts) addTo(sums.get(name)!, part);
  return sums;
}

function scheduleOf(settings: ResolvedTrainingSettings, batchesPerEpoch: number): Schedule {
  const { steps, learningRate: peak, accumulate } = settings;
  const warmup = settings.warmupSteps ?? Math.min(300, Math.ceil(steps / 10));
  const horizon = settings.scheduleSteps ?? Math.max(steps, Math.ceil((3 * batchesPerEpoch) / accumulate));
  return { kind: "linear", peak, warmup, horizon };
}

/** What the teacher's vectors are for; nothing without one. */
function distillationOf({ settings, teacher, model }: TrainingInputs): DistillationOptions | undefined {
  checkDistillation(settings, teacher && { teacher: teacher.width, student: model.config.hiddenSize });
  if (teacher === undefined) return undefined;
  const { distillation: target = "similarities", contrastiveWeight = 0 } = settings;
  return { target, width: teacher.width, contrastiveWeight };
}

function refuseNonFinite(step: number, loss: number, norm: number): void {
  if (Number.isFinite(loss) && Number.isFinite(norm)) return;
  const what = Number.isFinite(loss) ? `the gradient's norm is ${norm}` : `the loss is ${loss}`;
  throw new Problem(
    "training/diverged",
    `At step ${step} ${what}; lower the learning rate, or check the model's weights and the data.`,
    { step },
  );
}
