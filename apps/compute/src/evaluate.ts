import { mainMetrics, type TaskScore } from "@espalier/contract";
import { evaluateTask, type Embed } from "@espalier/evaluation";
import type { EvaluateJob, OutcomeOf } from "@espalier/contract/compute";
import { peakMemoryBytes, type Computation } from "./computation.ts";
import { taskRows } from "./dataset.ts";
import { openEncoder } from "./open.ts";
import { UnitsWriter } from "./units-writer.ts";

/**
 * Measures a model as a text encoder on the tasks of its datasets; its speed is that of embedding alone. A score is the metric
 * `<dataset>/<metric>`, such as `stsb/spearman`.
 */
export async function evaluate(
  job: EvaluateJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"evaluate">> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const { model, mode, modelName, encoding, chunkTokens, instruction } = job;
  const options = { mode, modelName, chunkTokens, encoding };
  const { encoder, told } = await openEncoder(model, options, { engine, report });
  const scores: TaskScore[] = [];
  const written = await UnitsWriter.in(job.output);
  let seconds = 0;
  let tokens = 0;
  try {
    for (const [i, { id, name, task, path }] of job.datasets.entries()) {
      const phase = `evaluate ${i + 1}/${job.datasets.length}`;
      let before = 0;
      const embed: Embed = async (texts, side) => {
        const started = performance.now();
        let embedded = 0;
        const vectors = await encoder.embed(texts, {
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
      const { metrics, units } = await evaluateTask(task, () => taskRows(task, path), embed);
      const score = metrics[mainMetrics[task]]!;
      scores.push({ datasetId: id, name, task, score, metrics: { ...metrics }, units: units.values.length });
      if (!(await written.write({ datasetId: id, task, ...units })))
        report.log(
          "warn",
          `${name} has ${units.values.length} units, too many to store: it is compared by its score alone.`,
        );
      const scope = scopeOf({ id, name }, job.datasets);
      report.metrics(
        0,
        Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [`${scope}/${metric}`, value])),
      );
    }
  } finally {
    await encoder.close();
  }
  const tokensPerSecond = seconds > 0 ? tokens / seconds : 0;
  const peak = peakMemoryBytes();
  report.metrics(0, { tokens_per_second: tokensPerSecond, peak_memory_bytes: peak });
  return {
    kind: "evaluate",
    result: { ...told, scores, tokensPerSecond, tokens, seconds, peakMemoryBytes: peak },
  };
}

type Datasets = EvaluateJob["datasets"];

/** What the names of a dataset's scores begin with: its own name, and its id where another one has the same name. */
const scopeOf = ({ id, name }: Pick<Datasets[number], "id" | "name">, datasets: Datasets): string =>
  datasets.some((other) => other.name === name && other.id !== id) ? `${name}/${id}` : name;
