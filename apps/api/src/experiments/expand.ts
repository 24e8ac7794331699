import {
  dependenciesOf,
  layersOfVariant,
  newId,
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
 *             │                └─ train ── evaluate
 *             └─ prune(small) …
 *     (none)  ─┬─ evaluate
 *              └─ train ── evaluate
 *
 * A search is planned only when a variant needs one of its picks.
 */
export function expand(spec: ExperimentSpec, id = () => newId("run")): ExpandedRun[] {
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
  // A search that is to predict training looks at the same loss, unless it is told otherwise.
  const scale = spec.mode === "reference" ? undefined : spec.training?.scale;
  const search = { ...(scale === undefined ? {} : { scale }), ...spec.search };
  const variants = spec.variants ?? ["none", "large", "small"];

  const searchId = variants.some((variant) => variant === "large" || variant === "small")
    ? plan("search", {
        kind: "search",
        model: spec.modelId,
        datasetId: spec.triplets,
        ...how,
        ...(Object.keys(search).length === 0 ? {} : { settings: search }),
      })
    : undefined;

  for (const variant of variants) {
    const name = variantName(variant);
    const layers = layersOfVariant(variant, searchId);
    const model: ModelRef =
      layers === undefined
        ? spec.modelId
        : { run: plan("prune", { kind: "prune", model: spec.modelId, layers, ...mode }, name) };
    plan("before", { kind: "evaluate", model, datasetIds: spec.evaluation, ...how }, name);
    const trained = plan(
      "train",
      {
        kind: "train",
        model,
        datasetId: spec.triplets,
        ...how,
        ...(spec.training === undefined ? {} : { settings: spec.training }),
      },
      name,
    );
    plan("after", { kind: "evaluate", model: { run: trained }, datasetIds: spec.evaluation, ...how }, name);
  }
  return runs;
}

/** How a variant is called in tables: `large`, `50%`, `12 layers`. */
const variantName = (variant: Variant): string =>
  typeof variant === "number" ? `${variant} ${variant === 1 ? "layer" : "layers"}` : variant;
