import {
  Problem,
  type ResolvedEncoding,
  type ResolvedTrainingSettings,
  type Triplet,
} from "@espalier/contract";
import { adamW, adamWStart, clipGlobalNorm, learningRate, type Engine, type Schedule } from "@espalier/graph";
import type { LoraAdapter } from "../checkpoint/index.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { Random } from "../random.ts";
import type { Template } from "../template.ts";
import type { TokenizedText } from "../tokenizer.ts";
import { Batches } from "./batches.ts";
import { meanCosine } from "./collapse.ts";
import { GradCache } from "./gradcache.ts";
import { adapterOf, startLora } from "./lora.ts";
import { fingerprintOf, type TrainingState } from "./state.ts";

export interface TrainingInputs {
  readonly model: LoadedModel;
  readonly triplets: readonly Triplet[];
  readonly settings: ResolvedTrainingSettings;
  readonly encoding: ResolvedEncoding;
  readonly template?: Template;
}

export interface TrainingControl {
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  /** Called after each step. */
  readonly report?: ((step: StepReport) => void) | undefined;
  /**
   * Called every `checkpointEvery` steps, after the last one, and with the last finished step when `signal` aborts;
   * given all that a resumed training needs. The next step waits for it.
   */
  readonly save?: ((state: TrainingState) => Promise<void>) | undefined;
  /** Continue from here. */
  readonly resume?: TrainingState | undefined;
}

export interface StepReport {
  /** Updates made, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Of each query with the other queries' positives; towards 1 the encoder has collapsed to one direction. */
  readonly meanCosine: number;
  /** Real tokens of this step, padding left out. */
  readonly tokens: number;
  readonly seconds: number;
}

export interface Training {
  readonly adapter: LoraAdapter;
  readonly losses: readonly number[];
  /** Real tokens of all steps. */
  readonly tokens: number;
  /** Of all steps; opening the graphs is not counted. */
  readonly seconds: number;
}

/**
 * Contrastive training of a LoRA adapter on all linear layers, as L3Prune does it: one task to a batch, in-batch and
 * hard negatives, AdamW without decay, a short warm-up, then a linear fall whose horizon lies far beyond the last step.
 * The same inputs on the same engine give the same bits, interrupted or not.
 * @throws {Problem} `dataset/too-small` before anything is computed; `training/diverged` naming the step;
 * `resource/conflict` when the state to resume belongs to another training
 */
export async function trainAdapter(inputs: TrainingInputs, control: TrainingControl): Promise<Training> {
  const { model, triplets, settings, encoding } = inputs;
  const { resume, engine, signal } = control;
  const { batchSize, seed, loraRank, loraAlpha, steps } = settings;
  const fresh = Batches.start(triplets, batchSize, seed);
  const fingerprint = fingerprintOf(inputs);
  if (resume && resume.fingerprint !== fingerprint) {
    throw new Problem(
      "resource/conflict",
      "The saved state belongs to a training with other settings, data or model; start anew.",
    );
  }
  const batches = resume ? Batches.resume(triplets, batchSize, resume.batches) : fresh;
  const schedule = scheduleOf(settings, batches.perEpoch);
  const factors = startLora(model.config, loraRank, Random.seeded(seed));
  const losses = [...(resume?.losses ?? [])];
  let state: TrainingState = resume ?? {
    fingerprint,
    step: 0,
    factors,
    optimizer: adamWStart(factors),
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
    rank: loraRank,
    alpha: loraAlpha,
    scale: settings.scale,
    chunkTokens: settings.chunkTokens,
  });
  try {
    while (state.step < steps) {
      const started = performance.now();
      const { step } = state;
      const texts = tokenize(batches.next(), inputs, state.batches.epoch);
      const tokens = texts.reduce((sum, { ids }) => sum + ids.length, 0);
      const { loss, gradients, vectors } = await cache.step(texts, batchSize, state.factors, signal);
      const { gradients: clipped, norm } = clipGlobalNorm(gradients, settings.maxGradientNorm);
      refuseNonFinite(step + 1, loss, norm);
      // Without the step that a warm-up from 0 would spend on a rate of 0.
      const rate = learningRate(schedule, step < schedule.warmup ? step + 1 : step);
      const updated = adamW(state.factors, clipped, state.optimizer, {
        learningRate: rate,
        weightDecay: settings.weightDecay,
      });
      losses.push(loss);
      const seconds = (performance.now() - started) / 1000;
      state = {
        fingerprint,
        step: step + 1,
        factors: updated.parameters,
        optimizer: updated.state,
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
        meanCosine: meanCosine(vectors, batchSize, model.config.hiddenSize),
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
  const { tokens, seconds } = state;
  return { adapter: adapterOf(state.factors, model.config, loraRank, loraAlpha), losses, tokens, seconds };
}

function scheduleOf(settings: ResolvedTrainingSettings, batchesPerEpoch: number): Schedule {
  const { steps, learningRate: peak } = settings;
  const warmup = settings.warmupSteps ?? Math.min(300, Math.ceil(steps / 10));
  const horizon = settings.scheduleSteps ?? Math.max(steps, 3 * batchesPerEpoch);
  return { kind: "linear", peak, warmup, horizon };
}

/**
 * Queries, then positives, then hard negatives: up to `hardNegatives` of each example, others in the next epoch where
 * it has more. Only queries take the instruction.
 */
function tokenize(
  examples: readonly Triplet[],
  { model, settings, encoding, template }: TrainingInputs,
  epoch: number,
): TokenizedText[] {
  const options = { maxLength: encoding.maxLength, ...(template && { template }) };
  const document = (text: string) => model.tokenizer.tokenize(text, options);
  const negativesOf = ({ negatives }: Triplet) =>
    Array.from(
      { length: Math.min(settings.hardNegatives, negatives.length) },
      (_, i) => negatives[(epoch * settings.hardNegatives + i) % negatives.length]!,
    );
  return [
    ...examples.map(({ query, instruction }) => model.tokenizer.tokenize(query, { ...options, instruction })),
    ...examples.map(({ positive }) => document(positive)),
    ...examples.flatMap((example) => negativesOf(example).map(document)),
  ];
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
