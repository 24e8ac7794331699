import {
  layersOfVariant,
  resolveSearchSettings,
  resolveTrainingSettings,
  taskTypes,
  type ExperimentSpec,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { checkDataset, checkLayers, checkModel, checkTriplets } from "../runs/check.ts";
import { checkNeeds } from "../runs/needs.ts";

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
  const { batchSize } = resolveTrainingSettings(spec.training, spec.mode);
  await checkTriplets(spec.triplets, batchSize, { ...place, batchField: "/training/batchSize" });
  if (variants.length === 0 || variants.includes("large") || variants.includes("small")) {
    const search = resolveSearchSettings(spec.search, spec.mode);
    await checkTriplets(spec.triplets, search.batchSize, { ...place, batchField: "/search/batchSize" });
  }
}
