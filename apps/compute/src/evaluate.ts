import {
  isProblem,
  mainMetrics,
  type DepthScores,
  type EvaluationResult,
  type TaskScore,
} from "@espalier/contract";
import { evaluateTask, type Embed, type Measured } from "@espalier/evaluation";
import type { EvaluateJob, OutcomeOf } from "@espalier/contract/compute";
import { DepthEncoder, type Encoder } from "@espalier/encoder";
import { computedOn } from "./computed-on.ts";
import { peakMemoryBytes, type Computation } from "./computation.ts";
import { taskRows } from "./dataset.ts";
import { measureAtDepths } from "./measure-at-depths.ts";
import { openEncoder } from "./open.ts";
import { UnitsWriter } from "./units-writer.ts";

type Dataset = EvaluateJob["datasets"][number];

/** Embeds texts of one dataset and counts them. */
type EmbedFor = <Vectors>(
  phase: string,
  embed: (texts: readonly string[], options: Parameters<Encoder["embed"]>[1]) => Promise<Vectors>,
) => (texts: readonly string[], side: Parameters<Embed>[1]) => Promise<Vectors>;

/**
 * Measures a model as a text encoder on the tasks of its datasets; its speed is that of embedding alone. A score is the metric
 * `<dataset>/<metric>`, such as `stsb/spearman`; where several depths are asked for, at the step of each.
 */
export async function evaluate(
  job: EvaluateJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"evaluate">> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const { model, mode, modelName, encoding, chunkTokens, instruction } = job;
  const options = { mode, modelName, chunkTokens, encoding };
  const { encoder, told } = await openEncoder(model, options, { engine, report });
  const written = await UnitsWriter.in(job.output);
  let seconds = 0;
  let tokens = 0;
  const embedFor: EmbedFor = (phase, embed) => {
    let before = 0;
    return async (texts, side) => {
      const started = performance.now();
      let embedded = 0;
      const vectors = await embed(texts, {
        signal,
        ...(instruction === undefined || side === "document" ? {} : { instruction }),
        report(progress) {
          embedded = progress.tokens;
          const [done, total] = [before + progress.texts, before + progress.total];
          report.progress({ phase, done, total, unit: "texts" });
        },
      });
      before += texts.length;
      seconds += (performance.now() - started) / 1000;
      tokens += embedded;
      return vectors;
    };
  };
  const tell: Tell = (dataset, { metrics }, step) => {
    const scope = scopeOf(dataset, job.datasets);
    const named = Object.entries(metrics).map(([metric, value]) => [`${scope}/${metric}`, value]);
    report.metrics(step, Object.fromEntries(named) as Record<string, number>);
  };
  const keep: Keep = async ({ id, name, task }, { units }) => {
    if (await written.write({ datasetId: id, task, ...units })) return;
    report.log(
      "warn",
      `${name} has ${units.values.length} units, too many to store: it is compared by its score alone.`,
    );
  };
  let found: Pick<EvaluationResult, "scores" | "depths">;
  try {
    found =
      job.depths === undefined
        ? { scores: await scoresOf(job, encoder, { embedFor, tell, keep }) }
        : await scoresAtDepths(job, encoder, { embedFor, tell, keep });
  } finally {
    await encoder.close();
  }
  const tokensPerSecond = seconds > 0 ? tokens / seconds : 0;
  const peak = peakMemoryBytes();
  report.metrics(0, { tokens_per_second: tokensPerSecond, peak_memory_bytes: peak });
  return {
    kind: "evaluate",
    result: {
      ...told,
      ...computedOn(job),
      ...found,
      tokensPerSecond,
      tokens,
      seconds,
      peakMemoryBytes: peak,
    },
  };
}

type Tell = (dataset: Dataset, measured: Measured, step: number) => void;
type Keep = (dataset: Dataset, measured: Measured) => Promise<void>;

interface Ways {
  readonly embedFor: EmbedFor;
  /** Tells the metrics. */
  readonly tell: Tell;
  /** Stores what each unit adds. */
  readonly keep: Keep;
}

async function scoresOf(
  { datasets }: EvaluateJob,
  encoder: Encoder,
  { embedFor, tell, keep }: Ways,
): Promise<TaskScore[]> {
  const scores: TaskScore[] = [];
  for (const [i, dataset] of datasets.entries()) {
    const { task, path } = dataset;
    const embed = embedFor(`evaluate ${i + 1}/${datasets.length}`, (texts, options) =>
      encoder.embed(texts, options),
    );
    const measured = await evaluateTask(task, () => taskRows(task, path), embed);
    scores.push(scoreOf(dataset, measured));
    tell(dataset, measured, 0);
    await keep(dataset, measured);
  }
  return scores;
}

async function scoresAtDepths(
  { datasets, depths }: EvaluateJob,
  encoder: Encoder,
  { embedFor, tell, keep }: Ways,
): Promise<Required<Pick<EvaluationResult, "scores" | "depths">>> {
  const asked = depths === "all" ? undefined : depths?.toSorted((a, b) => a - b);
  const everyDepth = await DepthEncoder.open(encoder, asked);
  const found: DepthScores[] = everyDepth.depths.map((layers) => ({ layers, scores: [] }));
  try {
    for (const [i, dataset] of datasets.entries()) {
      const embed = embedFor(`evaluate ${i + 1}/${datasets.length}`, (texts, options) =>
        everyDepth.embed(texts, options),
      );
      const measured = await measureAtDepths(dataset, everyDepth.depths.length, embed);
      for (const [place, at] of found.entries()) {
        const one = measured[place]!;
        if (isProblem(one)) at.failed ??= `${dataset.name}: ${one.message}`;
        else {
          at.scores.push(scoreOf(dataset, one));
          tell(dataset, one, at.layers);
          if (at === found.at(-1)) await keep(dataset, one);
        }
      }
    }
  } finally {
    await everyDepth.close();
  }
  return { scores: found.at(-1)!.scores, depths: found };
}

const scoreOf = ({ id, name, task }: Dataset, { metrics, units }: Measured): TaskScore => ({
  datasetId: id,
  name,
  task,
  score: metrics[mainMetrics[task]]!,
  metrics: { ...metrics },
  units: units.values.length,
});

/** What the names of a dataset's scores begin with: its own name, and its id where another one has the same name. */
const scopeOf = ({ id, name }: Pick<Dataset, "id" | "name">, datasets: readonly Dataset[]): string =>
  datasets.some((other) => other.name === name && other.id !== id) ? `${name}/${id}` : name;
