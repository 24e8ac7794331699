import type { StsScore } from "@espalier/contract";
import { evaluateSts } from "@espalier/encoder";
import type { EvaluateJob, OutcomeOf } from "@espalier/contract/compute";
import { peakMemoryBytes, type Computation } from "./computation.ts";
import { stsPairs } from "./dataset.ts";
import { openEncoder } from "./open.ts";

/**
 * Measures a model as a text encoder on graded pairs; its speed is that of embedding alone. A score is the metric
 * `<dataset>/<score>`, such as `stsb/spearman`.
 */
export async function evaluate(
  job: EvaluateJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"evaluate">> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const { model, mode, modelName, encoding, chunkTokens } = job;
  const options = { mode, modelName, chunkTokens, encoding };
  const { encoder, told } = await openEncoder(model, options, { engine, report });
  const sts: StsScore[] = [];
  let seconds = 0;
  let tokens = 0;
  try {
    for (const [i, { id, name, path }] of job.datasets.entries()) {
      const phase = `evaluate ${i + 1}/${job.datasets.length}`;
      const embed = async (texts: readonly string[]) => {
        const started = performance.now();
        let embedded = 0;
        const vectors = await encoder.embed(texts, {
          signal,
          report(progress) {
            embedded = progress.tokens;
            report.progress({ phase, done: progress.texts, total: progress.total, unit: "texts" });
          },
        });
        seconds += (performance.now() - started) / 1000;
        tokens += embedded;
        return vectors;
      };
      const score = await evaluateSts(await stsPairs(path), embed);
      sts.push({ datasetId: id, name, ...score });
      const scope = scopeOf({ id, name }, job.datasets);
      report.metrics(0, { [`${scope}/spearman`]: score.spearman, [`${scope}/pearson`]: score.pearson });
    }
  } finally {
    await encoder.close();
  }
  const tokensPerSecond = seconds > 0 ? tokens / seconds : 0;
  const peak = peakMemoryBytes();
  report.metrics(0, { tokens_per_second: tokensPerSecond, peak_memory_bytes: peak });
  return {
    kind: "evaluate",
    result: { ...told, sts, tokensPerSecond, tokens, seconds, peakMemoryBytes: peak },
  };
}

type Datasets = EvaluateJob["datasets"];

/** What the names of a dataset's scores begin with: its own name, and its id where another one has the same name. */
const scopeOf = ({ id, name }: Pick<Datasets[number], "id" | "name">, datasets: Datasets): string =>
  datasets.some((other) => other.name === name && other.id !== id) ? `${name}/${id}` : name;
