import {
  checkDistillation,
  isProblem,
  keptLayers,
  knownArchitecture,
  Problem,
  resolveSearchSettings,
  searchRuleTraits,
  searchSizes,
  resolveTrainingSettings,
  type Dataset,
  taskTypes,
  type DatasetKind,
  type LayersRef,
  type Mode,
  type ModelRef,
  type RunKind,
  type RunSpec,
  type SpecOf,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { checkEngine } from "./engines.ts";

interface Place {
  store: Store;
  teamId: string;
  /** JSON pointer to the part of the request that is checked. */
  field: string;
  /** Kinds of runs that are submitted together with this one, by id: they are not there yet. */
  planned?: ReadonlyMap<string, RunKind>;
}

/** What is refused of each kind, beside a model that is not there. */
const checks: { readonly [Kind in RunKind]: (spec: SpecOf<Kind>, place: Place) => Promise<unknown> } = {
  import: () => Promise.resolve(),
  async prune(spec, place) {
    await checkLayers(spec, within(place, "/layers"));
    if (spec.vocabularyOf !== undefined)
      await checkDataset(spec.vocabularyOf, ["texts", "triplets"], within(place, "/vocabularyOf"));
  },
  search: checkSearch,
  async train(spec, place) {
    const settings = resolveTrainingSettings(spec.settings, spec.mode);
    const { batchSize, objective, adaptiveLayers, contrastiveWeight } = settings;
    await checkTeacher(spec, place);
    if (adaptiveLayers !== undefined)
      // They are drawn below the whole model.
      await checkDepth(spec.model, adaptiveLayers + 1, within(place, "/settings/adaptiveLayers"));
    await checkBatches(
      spec.datasetId,
      batchSize,
      place,
      objective === "simcse" || (objective === "distill" && !contrastiveWeight),
    );
  },
  async evaluate({ model, datasetIds, depths = "all" }, place) {
    if (depths !== "all") await checkDepth(model, Math.max(...depths), within(place, "/depths"));
    for (const [i, id] of datasetIds.entries())
      await checkDataset(id, taskTypes, within(place, `/datasetIds/${i}`));
  },
  export: () => Promise.resolve(),
};

/** Refuses a run that cannot succeed, before it takes a device. What depends on other runs is checked when they are done. */
export async function checkSpec(spec: RunSpec, place: Place): Promise<void> {
  if ("model" in spec) await checkModel(spec.model, within(place, "/model"));
  await checkEngine(spec, place);
  await (checks[spec.kind] as (spec: RunSpec, place: Place) => Promise<unknown>)(spec, place);
}

const within = (place: Place, name: string): Place => ({ ...place, field: `${place.field}${name}` });

/** Says of a problem that a check throws where in the request it stands, and of which model it is. */
function placed(field: string, check: () => unknown, model?: string): void {
  try {
    check();
  } catch (error) {
    if (!isProblem(error)) throw error;
    const message = model === undefined ? error.message : `${model}: ${error.message}`;
    throw new Problem(error.code, message, { ...error.facts, field: `${field}${error.facts.field ?? ""}` });
  }
}

const checkBatches = (datasetId: string, batchSize: number, place: Place, bare = false): Promise<void> =>
  checkTriplets(datasetId, batchSize, {
    ...within(place, "/datasetId"),
    batchField: `${place.field}/settings/batchSize`,
    bare,
  });

/** The model exists and is READY; one that a run will make is not there yet. */
export async function checkModel(model: ModelRef, place: Place): Promise<void> {
  const { store, teamId, field } = place;
  if (typeof model !== "string") {
    await kindOf(model.run, place);
    return;
  }
  const { state, name } = await store.models.outline(teamId, model);
  if (state === "READY") return;
  throw new Problem(
    "resource/conflict",
    `The model ${name} is still being imported; wait until it is READY.`,
    {
      field,
    },
  );
}

const kindOf = async (runId: string, { store, teamId, planned }: Place): Promise<RunKind> =>
  planned?.get(runId) ?? (await store.runs.get(teamId, runId)).kind;

/** The teacher is there, wanted, and as wide as what is learned of it asks, as far as that is known. */
async function checkTeacher(
  { model, teacher, settings, mode }: SpecOf<"train">,
  place: Place,
): Promise<void> {
  if (teacher !== undefined) await checkModel(teacher, within(place, "/teacher"));
  const widths = teacher !== undefined && {
    student: await widthOf(model, place),
    teacher: await widthOf(teacher, place),
  };
  placed(place.field, () => checkDistillation(resolveTrainingSettings(settings, mode), widths || undefined));
}

/** Numbers in a vector of a model that is there; undefined for what a run will make, or where a module after pooling changes it. */
async function widthOf(ref: ModelRef, { store, teamId }: Place): Promise<number | undefined> {
  if (typeof ref !== "string") return undefined;
  const { architecture, files } = await store.models.get(teamId, ref);
  return files.some(({ name }) => /^\d+_Dense\//.test(name)) ? undefined : architecture?.hiddenSize;
}

/** The model has the layers that are to be kept. */
export async function checkLayers(
  { model, layers, mode }: { model: ModelRef; layers: LayersRef; mode?: Mode | undefined },
  place: Place,
): Promise<void> {
  const { store, teamId, field } = place;
  if (typeof layers === "object" && "pick" in layers) {
    if ((await kindOf(layers.run, place)) !== "search")
      throw new Problem("request/invalid", `The run ${layers.run} is no search, so it picks no depth.`, {
        field,
      });
    return;
  }
  if (typeof model !== "string") return;
  const found = await store.models.outline(teamId, model);
  const { layers: depth } = knownArchitecture(found);
  try {
    keptLayers(layers, depth, mode);
  } catch (error) {
    if (!isProblem(error)) throw error;
    throw new Problem(error.code, `${found.name}: ${error.message}`, { ...error.facts, field });
  }
}

/** The rule has the data that it needs, and the model the layers that it is to keep. */
async function checkSearch(spec: SpecOf<"search">, place: Place): Promise<void> {
  const { model, datasetId } = spec;
  const settings = within(place, "/settings");
  const resolved = resolveSearchSettings(spec.settings, spec.mode);
  const { rule, batchSize, sizesOf } = resolved;
  const { datasets, batches, findsSizes } = searchRuleTraits[rule];
  if (sizesOf !== undefined) {
    if ((await kindOf(sizesOf, place)) !== "search")
      throw new Problem("request/invalid", `The run ${sizesOf} is no search, so it has found no sizes.`, {
        field: `${settings.field}/sizesOf`,
      });
  } else if (!findsSizes && typeof model === "string") {
    const found = await place.store.models.outline(place.teamId, model);
    placed(settings.field, () => searchSizes(resolved, knownArchitecture(found).layers), found.name);
  }
  if (datasets.length === 0) return;
  const at = within(place, "/datasetId");
  if (datasetId === undefined)
    throw new Problem("request/invalid", `The rule ${rule} needs a dataset of ${datasets.join(" or ")}.`, {
      field: at.field,
    });
  const { name, rows } = await checkDataset(datasetId, datasets, at);
  if (batches) checkRows(name, rows, batchSize, `${settings.field}/batchSize`);
}

async function checkDepth(model: ModelRef, depth: number, { store, teamId, field }: Place): Promise<void> {
  if (typeof model !== "string") return;
  const found = await store.models.outline(teamId, model);
  const { layers } = knownArchitecture(found);
  if (depth <= layers) return;
  throw new Problem("layers/out-of-range", `${found.name} has ${layers} layers, not ${depth}.`, { field });
}

/** The triplets exist and fill at least one batch; `bare` texts will do where nothing but queries is looked at. */
export async function checkTriplets(
  datasetId: string,
  batchSize: number,
  place: Place & { batchField: string; bare?: boolean },
): Promise<void> {
  const kinds: DatasetKind[] = place.bare ? ["triplets", "texts"] : ["triplets"];
  const { name, rows } = await checkDataset(datasetId, kinds, place);
  checkRows(name, rows, batchSize, place.batchField);
}

function checkRows(name: string, rows: number, batchSize: number, field: string): void {
  if (rows >= batchSize) return;
  throw new Problem(
    "dataset/too-small",
    `${name} has ${rows} rows, fewer than one batch of ${batchSize}; lower the batch size.`,
    { field },
  );
}

/** The dataset exists and is of one of these kinds. */
export async function checkDataset(
  datasetId: string,
  kinds: readonly DatasetKind[],
  { store, teamId, field }: Place,
): Promise<Pick<Dataset, "name" | "rows">> {
  const dataset = await store.datasets.outline(teamId, datasetId);
  if (kinds.includes(dataset.kind)) return dataset;
  throw new Problem(
    "dataset/wrong-kind",
    `${dataset.name} holds ${dataset.kind}; ${kinds.join(" or ")} are needed here.`,
    { field },
  );
}
