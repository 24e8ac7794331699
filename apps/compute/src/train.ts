import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import {
  checkDistillation,
  resolveEncoding,
  resolveTrainingSettings,
  templateChoices,
  type Architecture,
  type TemplateChoice,
} from "@espalier/contract";
import {
  adapterOf,
  describeFolder,
  loadTrainingState,
  preflight,
  preflightWarnings,
  saveTrainingState,
  TeacherVectors,
  train as trainModel,
  trainableOf,
  type Training,
  type TrainingInputs,
} from "@espalier/encoder";
import { duplicatesWarning } from "@espalier/model/data";
import { loadTemplate } from "@espalier/model/tokenizer";
import { findModules, refuseSteps, replaceWeights, writeAdapter } from "@espalier/model";
import type { OutcomeOf, TrainJob } from "@espalier/contract/compute";
import { readArchitecture } from "./architecture.ts";
import { computedOn } from "./computed-on.ts";
import { peakMemoryBytes, type Computation } from "./computation.ts";
import { textsAsTriplets, triplets } from "./dataset.ts";
import { openEncoder, openLoaded } from "./open.ts";

/** Trains an adapter or a whole model, from a checkpoint of an earlier attempt where there is one. */
export async function train(
  job: TrainJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"train">> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const { mode } = job;
  const settings = resolveTrainingSettings(job.settings, mode);
  const resolved = resolveEncoding(job.encoding);
  const { template, ...encoding } = resolved;
  const { model, told } = await openLoaded(job.model, report);
  refuseSteps(await findModules(job.model, model.config.hiddenSize), "training");
  checkDistillation(settings, job.teacher && { texts: job.texts });
  const inputs: TrainingInputs = {
    model,
    triplets: await (job.texts ? textsAsTriplets(job.triplets) : triplets(job.triplets)),
    settings,
    encoding,
    template: await loadTemplate(template, { directory: job.model, modelName: job.modelName }),
    mode,
  };
  const warning = duplicatesWarning(inputs.triplets);
  if (warning !== undefined) report.log("warn", warning);
  if (job.resume === undefined)
    for (const line of preflightWarnings(preflight(inputs), encoding.maxLength)) report.log("warn", line);
  const taught = job.teacher && (await teach(job.teacher, inputs, { engine, signal, report }));
  const resume = job.resume === undefined ? undefined : await loadTrainingState(job.resume);
  const resumedFromStep = resume?.step;
  if (resume) report.log("info", `Training resumes after step ${resume.step}.`);

  const training = await trainModel(
    { ...inputs, teacher: taught },
    {
      engine,
      signal,
      resume,
      keptBytes: job.keptBytes,
      report({ step, loss, learningRate, gradientNorm, meanCosine, tokens, seconds }) {
        report.progress({ phase: "train", done: step, total: settings.steps, unit: "steps" });
        report.metrics(step, {
          loss,
          learning_rate: learningRate,
          gradient_norm: gradientNorm,
          mean_cosine: meanCosine,
          tokens_per_second: tokens / seconds,
        });
      },
      async save(state) {
        // The last state is the result itself.
        if (state.step === settings.steps) return;
        const path = join(job.checkpoints, `step-${state.step}.safetensors`);
        const began = performance.now();
        await saveTrainingState(path, state);
        report.checkpoint(state.step, path, (performance.now() - began) / 1000);
      },
    },
  );

  const architecture = await writeResult(job, inputs, training);
  await describeFolder(job.output, job.model, {
    // Which template a name means is known now, and not where the folder has another name.
    encoding: template === "auto" ? { ...resolved, template: nameOf(inputs.template) } : resolved,
    width: model.config.hiddenSize,
    matryoshka: settings.matryoshka,
  });
  const peak = peakMemoryBytes();
  report.metrics(settings.steps, { peak_memory_bytes: peak });
  const { losses, tokens, seconds } = training;
  const shapes = [...trainableOf(inputs).shapes.values()];
  return {
    kind: "train",
    result: {
      ...told,
      ...computedOn(job),
      steps: settings.steps,
      firstLoss: losses[0]!,
      lastLoss: mean(losses.slice(-Math.max(1, Math.floor(losses.length / 10)))),
      seconds,
      tokens,
      tokensPerSecond: tokens / seconds,
      trainableParameters: shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0),
      peakMemoryBytes: peak,
      ...(resumedFromStep === undefined ? {} : { resumedFromStep }),
      ...(taught && { taught: taught.texts }),
    },
    ...(architecture && { architecture }),
  };
}

/** The vectors of a teacher, which is open for no longer than it takes to compute them. */
async function teach(
  { model, modelName, encoding, vectors }: NonNullable<TrainJob["teacher"]>,
  inputs: TrainingInputs,
  { engine, signal, report }: Computation,
): Promise<TeacherVectors> {
  const { encoder } = await openEncoder(model, { encoding, modelName }, { engine, report });
  try {
    // The widths are compared before anything is computed.
    const student = inputs.model.config.hiddenSize;
    checkDistillation(inputs.settings, { teacher: encoder.width, student });
    const computed = await TeacherVectors.compute(encoder, inputs, {
      signal,
      report: (done, total) => report.progress({ phase: "teacher", done, total, unit: "texts" }),
    });
    if (vectors !== undefined) await computed.write(vectors);
    return computed;
  } finally {
    await encoder.close();
  }
}

/** Writes a whole model and says what it is, or an adapter as PEFT does. */
async function writeResult(
  job: TrainJob,
  { model, settings, mode, encoding }: TrainingInputs,
  { parameters }: Training,
): Promise<Architecture | undefined> {
  if (settings.method === "full") {
    await replaceWeights(job.model, job.output, parameters, encoding.attention);
    return readArchitecture(job.output);
  }
  await mkdir(job.output, { recursive: true });
  const { loraRank, loraAlpha } = settings;
  const adapter = adapterOf(parameters, model.config, loraRank, loraAlpha, mode);
  await writeAdapter(job.output, adapter, { name: job.baseName });
  return undefined;
}

/** The template that a choice by name has led to. */
const nameOf = (template: TrainingInputs["template"]): TemplateChoice =>
  templateChoices.find((choice) => choice === template?.name) ?? "none";

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
