import { setImmediate } from "node:timers/promises";
import {
  differencesOf,
  Problem,
  usualMargin,
  type ComparedVariant,
  type Comparison,
  type ComparisonQuery,
  type Experiment,
  type Run,
} from "@espalier/contract";
import { compare, type Pair } from "@espalier/evaluation";
import type { ExperimentRecord, Store } from "@espalier/store";
import { cellsOf, type Cell } from "./cells.ts";
import { measurementOf, type Measurement } from "./measurements.ts";

type Stage = ComparedVariant["stage"];

/** An evaluation that has succeeded, of one seed. */
interface Evaluated {
  seed: number | undefined;
  run: Run;
  train: Run | undefined;
}

const mostKept = 500;

/** What evaluations of the baseline measured, by their runs. */
type Baselines = Map<string, Promise<Measurement>>;

/** Compares the variants of experiments. What was compared is kept, because runs that have succeeded stay as they are. */
export class Comparisons {
  readonly #store: Store;
  readonly #kept = new Map<string, ComparedVariant>();
  /** One comparison computes at a time, and lets other requests through. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws {Problem} `request/invalid` for a baseline that the experiment does not have */
  async of(
    teamId: string,
    { spec, runs }: ExperimentRecord,
    { variants }: Pick<Experiment, "variants">,
    query: ComparisonQuery,
  ): Promise<Comparison> {
    const cells = cellsOf(runs);
    const name = query.baseline ?? spec.baseline ?? "none";
    const baseline =
      cells.find((cell) => cell.name === name) ??
      (query.baseline === undefined && spec.baseline === undefined ? cells[0] : undefined);
    if (baseline === undefined)
      throw new Problem(
        "request/invalid",
        `The experiment has no variant ${JSON.stringify(name)} to compare with; it has ${cells.map((cell) => cell.name).join(", ")}.`,
        { field: "/baseline" },
      );
    const margin = query.margin ?? usualMargin;
    const bytes = new Map(variants.map((each) => [each.name, each.bytes]));
    const sizeOf = (cell: Cell): number | undefined => {
      const [own, whole] = [bytes.get(cell.name), bytes.get(baseline.name)];
      return own === undefined || !whole ? undefined : own / whole;
    };
    // Every variant is held against it, so that what it measured is read once.
    const baselines: Baselines = new Map();
    const comparison: Comparison = { baseline: baseline.name, margin, variants: [], left: [] };
    for (const cell of cells.filter((each) => each !== baseline))
      for (const stage of ["before", "after"] as const) {
        const pairs = pairsOf(evaluated(baseline, stage), evaluated(cell, stage));
        if (pairs.length === 0) continue;
        const compared = await this.#compared(teamId, pairs, { name: cell.name, stage, margin }, baselines);
        const size = sizeOf(cell);
        if (typeof compared === "string") comparison.left.push({ name: cell.name, stage, why: compared });
        else comparison.variants.push({ ...compared, ...(size === undefined ? {} : { size }) });
      }
    return comparison;
  }

  async #compared(
    teamId: string,
    pairs: readonly (readonly [Evaluated, Evaluated])[],
    of: { name: string; stage: Stage; margin: number },
    baselines: Baselines,
  ): Promise<ComparedVariant | string> {
    const key = JSON.stringify([of, pairs.map((pair) => pair.map(({ run }) => run.id))]);
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const found = this.#turn.then(() => this.#compute(teamId, pairs, of, baselines));
    this.#turn = found.catch(() => undefined);
    const compared = await found;
    if (typeof compared === "string") return compared;
    this.#kept.set(key, compared);
    if (this.#kept.size > mostKept) this.#kept.delete(this.#kept.keys().next().value!);
    return compared;
  }

  async #compute(
    teamId: string,
    pairs: readonly (readonly [Evaluated, Evaluated])[],
    { name, stage, margin }: { name: string; stage: Stage; margin: number },
    baselines: Baselines,
  ): Promise<ComparedVariant | string> {
    const read = ({ run, train }: Evaluated) => measurementOf(this.#store, teamId, run, train);
    const measured: [Measurement, Measurement][] = [];
    for (const [baseline, other] of pairs) {
      const known = baselines.get(baseline.run.id) ?? read(baseline);
      baselines.set(baseline.run.id, known);
      measured.push([await known, await read(other)]);
    }
    const shared = measured[0]![1].scores.filter(({ datasetId }) =>
      measured.every((sides) =>
        sides.every(({ scores }) => scores.some((each) => each.datasetId === datasetId)),
      ),
    );
    if (shared.length === 0) return "It was measured on no dataset on which the baseline was.";
    const datasets: Pair[][] = [];
    for (const { datasetId, name: dataset } of shared) {
      const ofSeeds = measured.map(([one, two]) => pairOf(one, two, datasetId));
      if (ofSeeds.some((pair) => pair === undefined))
        return `What each unit of ${dataset} adds is not stored, or is of other rows; evaluate it again.`;
      datasets.push(ofSeeds as Pair[]);
    }
    const found = await compare(datasets, { margin, pause: setImmediate });
    const scoreOf = (datasetId: string) =>
      mean(measured.map(([, { scores }]) => scores.find((each) => each.datasetId === datasetId)!.score));
    const [[one, two]] = measured as [[Measurement, Measurement]];
    return {
      name,
      stage,
      score: mean(shared.map(({ datasetId }) => scoreOf(datasetId))),
      seeds: pairs.length,
      delta: found.delta,
      interval: [...found.interval],
      inner: [...found.inner],
      verdict: found.verdict,
      resamples: found.resamples,
      datasets: shared.map(({ datasetId, name }, i) => {
        const { delta, interval } = found.datasets[i]!;
        return { datasetId, name, score: scoreOf(datasetId), delta, interval: [...interval] };
      }),
      differences: differencesOf(one.conditions, two.conditions),
    };
  }
}

/** The evaluations of a stage that have succeeded. */
const evaluated = ({ before, trained }: Cell, stage: Stage): Evaluated[] => {
  const all: Evaluated[] =
    stage === "before"
      ? before
        ? [{ seed: undefined, run: before, train: undefined }]
        : []
      : trained.flatMap(({ seed, train, after }) => (after ? [{ seed, run: after, train }] : []));
  return all.filter(({ run }) => run.state === "SUCCEEDED");
};

/** Each evaluation with the baseline's of the same seed, and with the only one where the baseline has no more. */
const pairsOf = (baseline: readonly Evaluated[], others: readonly Evaluated[]): [Evaluated, Evaluated][] =>
  others.flatMap((other) => {
    const own = baseline.length === 1 ? baseline[0] : baseline.find(({ seed }) => seed === other.seed);
    return own ? [[own, other]] : [];
  });

function pairOf(one: Measurement, two: Measurement, datasetId: string): Pair | undefined {
  const [baseline, other] = [one.units.get(datasetId), two.units.get(datasetId)];
  return baseline && other && baseline.values.length === other.values.length
    ? { baseline, other }
    : undefined;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
