import {
  layersOfVariant,
  Problem,
  resolveSearchSettings,
  resolveTrainingSettings,
  taskTypes,
  type ExperimentSpec,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { checkDataset, checkLayers, checkModel, checkTriplets } from "../runs/check.ts";
import { checkNeeds } from "../runs/needs.ts";
import { expand } from "./expand.ts";

/** Refuses an experiment of which some run cannot succeed, naming the field of its spec. */
export async function checkExperiment(spec: ExperimentSpec, store: Store, teamId: string): Promise<void> {
  const at = (field: string) => ({ store, teamId, field });
  await checkNeeds(spec.needs, at("/needs"));
  await checkModel(spec.modelId, at("/modelId"));
  const variants = spec.variants ?? [];
  for (const [i, variant] of variants.entries()) {
    const layers = layersOfVariant(variant, undefined);
    if (layers !== undefined)
      await checkLayers({ model: spec.modelId, layers, mode: spec.mode }, at(`/variants/${i}`));
  }
  for (const [i, id] of spec.evaluation.entries()) await checkDataset(id, taskTypes, at(`/evaluation/${i}`));
  const place = at("/triplets");
  const trainings = spec.trainings ? Object.entries(spec.trainings) : [[undefined, {}] as const];
  for (const [name, settings] of trainings) {
    const { batchSize } = resolveTrainingSettings({ ...spec.training, ...settings }, spec.mode);
    const field = name === undefined ? "/training" : `/trainings/${name}`;
    await checkTriplets(spec.triplets, batchSize, { ...place, batchField: `${field}/batchSize` });
  }
  if (variants.length === 0 || variants.includes("large") || variants.includes("small")) {
    const searches = spec.searches ? Object.entries(spec.searches) : [[undefined, {}] as const];
    for (const [name, settings] of searches) {
      const { batchSize } = resolveSearchSettings({ ...spec.search, ...settings }, spec.mode);
      const field = name === undefined ? "/search" : `/searches/${name}`;
      await checkTriplets(spec.triplets, batchSize, { ...place, batchField: `${field}/batchSize` });
    }
  }
  checkBaseline(spec);
}

/** The baseline is one of its variants, as they are called when it is expanded. */
function checkBaseline(spec: ExperimentSpec): void {
  const trained = expand(spec).filter(({ role }) => role === "train");
  const names = [...new Set(trained.flatMap(({ variant }) => variant ?? []))];
  if (spec.baseline === undefined || names.includes(spec.baseline)) return;
  throw new Problem(
    "request/invalid",
    `There is no variant ${JSON.stringify(spec.baseline)} to compare with; there are ${names.join(", ")}.`,
    { field: "/baseline" },
  );
}
