import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { resolveEncoding, resolveTrainingSettings } from "@espalier/contract";
import { loadModel, loadTrainingState, loraShapes, saveTrainingState, trainAdapter } from "@espalier/encoder";
import { writeAdapter } from "@espalier/encoder/checkpoint";
import type { Outcome, TrainJob } from "../protocol.ts";
import { peakMemoryBytes, type Computation } from "./computation.ts";
import { triplets } from "./dataset.ts";

/** Trains an adapter, from a checkpoint of an earlier attempt where there is one, and writes it as PEFT does. */
export async function train(job: TrainJob, { engine, signal, report }: Computation): Promise<Outcome> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const settings = resolveTrainingSettings(job.settings);
  const model = await loadModel(job.model);
  const resume = job.resume === undefined ? undefined : await loadTrainingState(job.resume);
  if (resume) report.log("info", `Training resumes after step ${resume.step}.`);

  const { adapter, losses, tokens, seconds } = await trainAdapter(
    { model, triplets: await triplets(job.triplets), settings, encoding: resolveEncoding(job.encoding) },
    {
      engine,
      signal,
      resume,
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
        // The last state is the adapter itself.
        if (state.step === settings.steps) return;
        const path = join(job.checkpoints, `step-${state.step}.safetensors`);
        await saveTrainingState(path, state);
        report.checkpoint(state.step, path);
      },
    },
  );

  await mkdir(job.output, { recursive: true });
  await writeAdapter(job.output, adapter, job.baseName);
  const peak = peakMemoryBytes();
  report.metrics(settings.steps, { peak_memory_bytes: peak });
  const parameters = [...loraShapes(model.config, settings.loraRank).values()];
  return {
    kind: "train",
    result: {
      steps: settings.steps,
      firstLoss: losses[0]!,
      lastLoss: mean(losses.slice(-Math.max(1, Math.floor(losses.length / 10)))),
      seconds,
      tokens,
      tokensPerSecond: tokens / seconds,
      trainableParameters: parameters.reduce((sum, [rows, columns]) => sum + rows! * columns!, 0),
      peakMemoryBytes: peak,
      ...(resume === undefined ? {} : { resumedFromStep: resume.step }),
    },
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
