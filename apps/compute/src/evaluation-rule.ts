import {
  isProblem,
  mainMetrics,
  Problem,
  resolveSearchSettings,
  taskTypes,
  type SearchResult,
} from "@espalier/contract";
import type { SearchJob } from "@espalier/contract/compute";
import { DepthEncoder, drawAgain, leastOfHalves, Random, stabilityOf, type Encoder } from "@espalier/encoder";
import { resampled, type Measured } from "@espalier/evaluation";
import { measureAtDepths } from "./measure-at-depths.ts";
import type { Computation } from "./computation.ts";

/**
 * The rule `evaluation`: the depth of best score on a task in each half of the depths, which may lie before the last layer ("Layer by
 * Layer", Skean et al. 2025, arXiv:2502.02013, find that layers in the middle do best on most of MTEB). One pass over the texts of the
 * task for all depths. A depth that cannot be measured is never picked. Stability and standard errors draw the units of the task (pairs,
 * queries, texts) again.
 */
export async function searchByEvaluation(
  job: SearchJob,
  encoder: Encoder,
  { signal, report }: Pick<Computation, "signal" | "report">,
): Promise<SearchResult> {
  const { seed } = resolveSearchSettings(job.settings, job.mode);
  const task = taskTypes.find((type) => type === job.dataset?.kind);
  if (job.dataset === undefined || task === undefined)
    throw new Problem("request/invalid", "The rule evaluation needs a dataset of a task.", {
      field: "/rule",
    });
  const { name, path } = job.dataset;
  const everyDepth = await DepthEncoder.open(encoder);
  let measured: Awaited<ReturnType<typeof measureAtDepths>>;
  try {
    measured = await measureAtDepths({ task, path }, everyDepth.depths.length, (texts) =>
      everyDepth.embed(texts, {
        signal,
        report: ({ texts: done, total }) => report.progress({ phase: "search", done, total, unit: "texts" }),
      }),
    );
  } finally {
    await everyDepth.close();
  }
  const metric = mainMetrics[task];
  const scores = measured.map((one) => (isProblem(one) ? Number.NaN : one.metrics[metric]!));
  const units = measured.find((one): one is Measured => !isProblem(one))!.units.values.length;
  const statistics = measured.map((one) => (isProblem(one) ? () => Number.NaN : resampled(one.units)));
  const stability = stabilityOf({
    draws: units,
    samplesPerDraw: 1,
    pick: (counts) => leastOfHalves(statistics.map((statistic) => -statistic(counts))),
    seed,
  });
  return {
    rule: "evaluation",
    ...(leastOfHalves(scores.map((score) => -score)) as { small: number | null; large: number | null }),
    curves: [
      {
        name: `${name}/${metric}`,
        axis: "depth",
        values: scores.map((score) => (Number.isFinite(score) ? score : null)),
        standardErrors: statistics.map((statistic) => standardError(statistic, units, seed)),
      },
    ],
    ...(stability && { stability }),
    lossByLayer: [],
    standardErrorByLayer: [],
    samples: units,
    seed,
    warnings: measured.flatMap((one, i) =>
      isProblem(one) ? [`With ${i + 1} layers nothing can be measured: ${one.message}`] : [],
    ),
  };
}

const draws = 200;

/** The bootstrap's standard error of a statistic over so many units; null where the statistic is not a number. */
function standardError(
  statistic: (counts: Uint32Array) => number,
  units: number,
  seed: number,
): number | null {
  const random = Random.seeded(seed);
  const counts = new Uint32Array(units);
  const values = Array.from({ length: draws }, () => statistic(drawAgain(counts, random)));
  const center = values.reduce((sum, value) => sum + value, 0) / draws;
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return Number.isFinite(squares) ? Math.sqrt(squares / (draws - 1)) : null;
}
