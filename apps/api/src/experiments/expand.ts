import {
  dependenciesOf,
  layersOfVariant,
  mostExperimentRuns,
  newId,
  Problem,
  type ExperimentSpec,
  type Limits,
  type ModelRef,
  type Needs,
  type PriorityClass,
  type RunRole,
  type RunSpec,
  type Variant,
} from "@espalier/contract";

/** A run as the store takes it. */
export interface ExpandedRun {
  id: string;
  spec: RunSpec;
  dependsOn: string[];
  priority: number;
  class: PriorityClass;
  needs: Needs;
  limits?: Limits;
  variant?: string;
  role: RunRole;
}

/**
 * The runs of an experiment, in an order in which each comes after those that it depends on:
 *
 *     search ─┬─ prune(large) ─┬─ evaluate
 *             │                └─ train ── evaluate     (for each of the trainings and seeds)
 *             └─ prune(small) …
 *     (none)  ─┬─ evaluate
 *              └─ train ── evaluate
 *
 * A search is planned only when a variant needs one of its picks, and then one for each of the searches.
 * @throws {Problem} `request/invalid` for more than `mostExperimentRuns`
 */
export function expand(spec: ExperimentSpec, id = () => newId("run")): ExpandedRun[] {
  refuseTooMany(spec);
  const runs: ExpandedRun[] = [];
  const plan = (role: RunRole, runSpec: RunSpec, variant?: string): string => {
    const run: ExpandedRun = {
      id: id(),
      spec: runSpec,
      dependsOn: dependenciesOf(runSpec),
      priority: spec.priority ?? 0,
      class: spec.class ?? "normal",
      needs: spec.needs ?? {},
      role,
      ...(spec.limits === undefined ? {} : { limits: spec.limits }),
      ...(variant === undefined ? {} : { variant }),
    };
    runs.push(run);
    return run.id;
  };
  const mode = spec.mode === undefined ? {} : { mode: spec.mode };
  const how = { ...mode, ...(spec.encoding === undefined ? {} : { encoding: spec.encoding }) };
  const { variants, searches, trainings, seeds } = axesOf(spec);
  const scale = spec.mode === "reference" ? undefined : spec.training?.scale;

  const searchIds = searches.map(({ name, settings }) => {
    // A search that is to predict training looks at the same loss, unless it is told otherwise.
    const search = { ...(scale === undefined ? {} : { scale }), ...spec.search, ...settings };
    const searchSpec: RunSpec = {
      kind: "search",
      model: spec.modelId,
      datasetId: spec.triplets,
      ...how,
      ...(Object.keys(search).length === 0 ? {} : { settings: search }),
    };
    return { name, id: plan("search", searchSpec, name) };
  });

  for (const variant of variants)
    for (const search of isPick(variant) ? searchIds : [undefined]) {
      const name = labelOf(variantName(variant), search?.name);
      const layers = layersOfVariant(variant, search?.id);
      const model: ModelRef =
        layers === undefined
          ? spec.modelId
          : { run: plan("prune", { kind: "prune", model: spec.modelId, layers, ...mode }, name) };
      plan("before", { kind: "evaluate", model, datasetIds: spec.evaluation, ...how }, name);
      for (const training of trainings)
        for (const seed of seeds) {
          const settings = {
            ...spec.training,
            ...training.settings,
            ...(seed === undefined ? {} : { seed }),
          };
          const trainSpec: RunSpec = {
            kind: "train",
            model,
            datasetId: spec.triplets,
            ...how,
            ...(Object.keys(settings).length === 0 ? {} : { settings }),
          };
          const label = labelOf(name, training.name);
          const trained = plan("train", trainSpec, label);
          const evaluated: RunSpec = {
            kind: "evaluate",
            model: { run: trained },
            datasetIds: spec.evaluation,
            ...how,
          };
          plan("after", evaluated, label);
        }
    }
  return runs;
}

const isPick = (variant: Variant): boolean => variant === "large" || variant === "small";

/** Settings with the name that they have beside others. */
interface Choice<Settings> {
  name: string | undefined;
  settings: Settings;
}

const choices = <Settings extends object>(named: Record<string, Settings> | undefined): Choice<Settings>[] =>
  named === undefined
    ? [{ name: undefined, settings: {} as Settings }]
    : Object.entries(named).map(([name, settings]) => ({ name, settings }));

/** What an experiment multiplies. */
function axesOf({ variants = ["none", "large", "small"], searches, trainings, seeds }: ExperimentSpec) {
  return {
    variants,
    searches: variants.some(isPick) ? choices(searches) : [],
    trainings: choices(trainings),
    seeds: seeds ?? [undefined],
  };
}

/** Refused before it is expanded, by its number. */
function refuseTooMany(spec: ExperimentSpec): void {
  const { variants, searches, trainings, seeds } = axesOf(spec);
  const pruned = variants.reduce((sum: number, variant) => sum + (isPick(variant) ? searches.length : 1), 0);
  const whole = variants.filter((variant) => variant === "none").length;
  const count = searches.length + 2 * pruned - whole + 2 * pruned * trainings.length * seeds.length;
  if (count > mostExperimentRuns)
    throw new Problem(
      "request/invalid",
      `It expands into ${count.toLocaleString("en")} runs, of ${pruned} variants, ${trainings.length} trainings and ${seeds.length} seeds; ${mostExperimentRuns.toLocaleString("en")} are allowed: split it, as what is shared is computed once.`,
      { field: seeds.length > 1 ? "/seeds" : "/trainings" },
    );
}

/** A variant's name with that of what it shares with others: `large · lr-high`. */
const labelOf = (name: string, part: string | undefined): string =>
  part === undefined ? name : `${name} · ${part}`;

/** How a variant is called in tables: `large`, `50%`, `12 layers`. */
const variantName = (variant: Variant): string =>
  typeof variant === "number" ? `${variant} ${variant === 1 ? "layer" : "layers"}` : variant;
