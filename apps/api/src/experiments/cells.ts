import type { ModelRef, Run, RunRole } from "@espalier/contract";

/** One training of a variant, and the evaluation of what came of it. */
export interface Trained {
  seed: number | undefined;
  train: Run;
  after?: Run;
}

/** A variant of an experiment: how it was pruned and measured before training, and its trainings, one for each seed. */
export interface Cell {
  name: string;
  /** The model before training. */
  model: ModelRef | undefined;
  before?: Run;
  trained: Trained[];
}

const modelOf = ({ spec }: Run): ModelRef | undefined => ("model" in spec ? spec.model : undefined);

const runOf = (ref: ModelRef | undefined): string | undefined =>
  typeof ref === "object" ? ref.run : undefined;

const isSame = (one: ModelRef | undefined, two: ModelRef | undefined): boolean =>
  one !== undefined && (typeof one === "string" ? one === two : one.run === runOf(two));

/** The variants of an experiment in the order of their runs. Variants that differ in their training alone share what comes before it. */
export function cellsOf(runs: readonly Run[]): Cell[] {
  const withRole = (role: RunRole) => runs.filter((run) => run.role === role);
  const [befores, trains, afters] = [withRole("before"), withRole("train"), withRole("after")];
  const cells = new Map<string, Cell>();
  for (const run of [...trains, ...befores]) {
    const { variant: name } = run;
    if (name === undefined || cells.has(name)) continue;
    const model = modelOf(run);
    // What was measured for several trainings together is no variant by itself.
    if (run.role === "before" && trains.some((train) => isSame(modelOf(train), model))) continue;
    const before = befores.find((each) => isSame(modelOf(each), model));
    cells.set(name, {
      name,
      model,
      ...(before && { before }),
      trained: trains
        .filter((train) => train.variant === name)
        .map((train) => {
          const after = afters.find((each) => runOf(modelOf(each)) === train.id);
          return { seed: seedOf(train), train, ...(after && { after }) };
        }),
    });
  }
  const order = runs.flatMap(({ variant }) => variant ?? []);
  return [...cells.values()].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

const seedOf = ({ spec, resolved }: Run): number | undefined => {
  const { settings } = (resolved ?? spec) as { settings?: { seed?: number } };
  return settings?.seed;
};
