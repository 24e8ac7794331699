import { join } from "node:path";
import {
  chunkTokensOf,
  keptLayers,
  knownArchitecture,
  Problem,
  resolveSpec,
  type Encoding,
  type KeptLayers,
  type Model,
  type ModelRef,
  type PruneSpec,
  type Run,
} from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import type { Claim, Store } from "@espalier/store";
import { planHubImport, type HubImportContext } from "./plan-hub-import.ts";
import type { ExportJob, HubAccess, RunJob } from "@espalier/contract/compute";
import type { Workspace } from "./workspace.ts";

/** A claimed run, made ready for its compute process: local paths and plain numbers, no references. */
export interface Plan {
  job: RunJob;
  /** Of an import that downloads. */
  hub?: HubAccess;
  /** The model that the run works on. */
  model: Model;
  /** Artifacts that go in, for the record of what was made from what. */
  sources: string[];
}

export interface PlanContext extends HubImportContext {
  store: Pick<Store, "models" | "datasets" | "runs" | "bytes" | "secrets">;
  engine: string;
  threads?: number;
}

/** PEFT's name; a model with this file is a base and an adapter. */
const adapterFile = "adapter_config.json";

const hasAdapter = (model: Model): boolean => model.files.some(({ name }) => name === adapterFile);

/**
 * Resolves what a spec refers to and puts its files into the workspace.
 * @throws {Problem} when a reference cannot be followed
 */
export async function planJob(claim: Claim, workspace: Workspace, context: PlanContext): Promise<Plan> {
  const { run, teamId } = claim;
  // A run that was submitted before defaults were stored means what they are now.
  const spec = run.resolved ?? resolveSpec(run.spec);
  const { store, engine, threads } = context;
  const common = { engine, ...(threads === undefined ? {} : { threads }) };
  const model = await resolveModel(store, teamId, spec.kind === "import" ? spec.modelId : spec.model);
  const sources = model.files.map(({ artifactId }) => artifactId);
  await store.bytes.materialise(await store.models.files(teamId, model.id), workspace.model);
  const files = { model: workspace.model, output: workspace.output };
  const chunkTokens = chunkTokensOf(spec, claim.smaller);

  switch (spec.kind) {
    case "import":
      if ("source" in spec) return planHubImport(spec.source, model, claim, workspace, context);
      return { job: { ...common, kind: "import", model: workspace.model }, model, sources: [] };
    case "prune": {
      refuseAdapter(model, "pruned");
      const depth = knownArchitecture(model).layers;
      const layers = await resolveLayers(store, teamId, spec, depth);
      return { job: { ...common, kind: "prune", ...files, layers }, model, sources };
    }
    case "search": {
      refuseAdapter(model, "searched");
      const triplets = await dataset(store, teamId, spec.datasetId, workspace);
      const { settings = {}, mode = "default" } = spec;
      const encoding = await folderEncoding(files.model, spec.encoding ?? {});
      const inputs = {
        model: files.model,
        triplets: triplets.path,
        encoding,
        settings,
        ...(chunkTokens === undefined ? {} : { chunkTokens }),
      };
      const modelName = originName(await lineageOf(store, teamId, model));
      return {
        job: { ...common, kind: "search", mode, modelName, ...inputs },
        model,
        sources: [...sources, triplets.artifactId],
      };
    }
    case "train": {
      refuseAdapter(model, "trained");
      const triplets = await dataset(store, teamId, spec.datasetId, workspace);
      const resume = await resumePoint(store, claim, workspace);
      const settings = { ...spec.settings };
      const { mode = "default" } = spec;
      if (chunkTokens !== undefined) settings.chunkTokens = chunkTokens;
      return {
        job: {
          ...common,
          ...files,
          kind: "train",
          mode,
          baseName: model.name,
          modelName: originName(await lineageOf(store, teamId, model)),
          triplets: triplets.path,
          texts: triplets.kind === "texts",
          encoding: await folderEncoding(files.model, spec.encoding ?? {}),
          settings,
          checkpoints: workspace.checkpoints,
          ...(resume === undefined ? {} : { resume }),
        },
        model,
        sources: [...sources, triplets.artifactId],
      };
    }
    case "evaluate": {
      const datasets = [];
      for (const id of spec.datasetIds) datasets.push(await dataset(store, teamId, id, workspace));
      return {
        job: {
          ...common,
          kind: "evaluate",
          mode: spec.mode ?? "default",
          model: files.model,
          modelName: originName(await lineageOf(store, teamId, model)),
          datasets: datasets.map(({ id, name, path }) => ({ id, name, path })),
          encoding: await folderEncoding(files.model, spec.encoding ?? {}),
          ...(chunkTokens === undefined ? {} : { chunkTokens }),
        },
        model,
        sources: [...sources, ...datasets.map(({ artifactId }) => artifactId)],
      };
    }
    case "export": {
      const lineage = await lineageOf(store, teamId, model);
      const { formats = ["safetensors"], shardBytes = 5_000_000_000, dtype } = spec;
      return {
        job: {
          ...common,
          kind: "export",
          ...files,
          adapter: hasAdapter(model),
          base: await adapterBase(store, teamId, lineage, workspace),
          formats,
          modelName: originName(lineage),
          encoding: await folderEncoding(
            files.model,
            spec.encoding ?? (await trainedWith(store, teamId, model)),
          ),
          shardBytes,
          ...(dtype === undefined ? {} : { dtype }),
        },
        model,
        sources,
      };
    }
  }
}

/** The encoding of the run that trained a model. */
async function trainedWith(store: PlanContext["store"], teamId: string, { runId }: Model): Promise<Encoding> {
  if (runId === undefined) return {};
  const run = await store.runs.get(teamId, runId);
  const spec = run.resolved ?? run.spec;
  return "encoding" in spec ? (spec.encoding ?? {}) : {};
}

/** A model, the one that it was made from, and so on to the imported one. */
async function lineageOf(store: PlanContext["store"], teamId: string, model: Model): Promise<Model[]> {
  const lineage = [model];
  for (let id = model.baseModelId; id !== undefined; id = lineage.at(-1)!.baseModelId)
    lineage.push(await store.models.get(teamId, id));
  return lineage;
}

/** What the imported model of a lineage is called where it came from. */
function originName(lineage: readonly Model[]): string {
  const { source, name } = lineage.at(-1)!;
  return source?.hub ?? name;
}

/**
 * The imported model below an adapter, by the name under which it is found, and which of its layers are left where it
 * was pruned, or imported in part.
 */
async function adapterBase(
  store: PlanContext["store"],
  teamId: string,
  lineage: readonly Model[],
  workspace: Workspace,
): Promise<ExportJob["base"]> {
  const base = lineage.at(-1)!;
  let layers = Array.from({ length: knownArchitecture(lineage[0]!).layers }, (_, i) => i);
  for (const { runId } of lineage.slice(0, -1)) {
    const spec = runId === undefined ? undefined : (await store.runs.get(teamId, runId)).spec;
    if (spec?.kind === "prune" && typeof spec.layers === "object" && "keep" in spec.layers) {
      const { keep } = spec.layers;
      layers = layers.map((layer) => keep[layer]!);
    }
  }
  const cut = base.source?.layers !== undefined || layers.length < knownArchitecture(base).layers;
  const files = await store.models.files(teamId, base.id);
  const file = "config.json";
  await store.bytes.materialise(
    files.filter(({ name }) => name === file),
    workspace.base,
  );
  return { name: originName(lineage), config: join(workspace.base, file), ...(cut ? { layers } : {}) };
}

function refuseAdapter(model: Model, what: string): void {
  if (!hasAdapter(model)) return;
  throw new Problem(
    "config/unsupported",
    `The model ${model.name} carries an adapter and cannot be ${what} as it is; export it, and use the result.`,
    { field: "/spec/model" },
  );
}

async function resolveModel(store: PlanContext["store"], teamId: string, ref: ModelRef): Promise<Model> {
  if (typeof ref === "string") return store.models.get(teamId, ref);
  const { result } = await finished(store, teamId, ref.run, "/spec/model");
  if (result !== undefined && "modelId" in result) return store.models.get(teamId, result.modelId);
  throw new Problem("run/upstream-failed", `The run ${ref.run} makes no model; refer to one that does.`, {
    field: "/spec/model",
    runId: ref.run,
  });
}

async function resolveLayers(
  store: PlanContext["store"],
  teamId: string,
  { layers, mode }: PruneSpec,
  depth: number,
): Promise<KeptLayers> {
  if (typeof layers !== "object" || !("pick" in layers)) return keptLayers(layers, depth, mode);
  const { result } = await finished(store, teamId, layers.run, "/spec/layers");
  if (result !== undefined && "lossByLayer" in result) return keptLayers(layers, depth, mode, result);
  throw new Problem("run/upstream-failed", `The run ${layers.run} is not a search; it has no picks.`, {
    field: "/spec/layers",
    runId: layers.run,
  });
}

async function finished(
  store: PlanContext["store"],
  teamId: string,
  runId: string,
  field: string,
): Promise<Run> {
  const run = await store.runs.get(teamId, runId);
  if (run.state === "SUCCEEDED") return run;
  throw new Problem("run/upstream-failed", `The run ${runId} is ${run.state}, not SUCCEEDED.`, {
    field,
    runId,
  });
}

/** Puts a dataset into the workspace under its id. */
async function dataset(store: PlanContext["store"], teamId: string, id: string, workspace: Workspace) {
  const { name, kind, artifactId } = await store.datasets.get(teamId, id);
  const { location } = await store.datasets.stored(teamId, id);
  const file = `${id}.jsonl`;
  await store.bytes.materialise([{ name: file, location }], workspace.datasets);
  return { id, name, kind, artifactId, path: join(workspace.datasets, file) };
}

/** The checkpoint of an earlier attempt; none when its bytes are not what was saved, because then it starts anew. */
async function resumePoint(
  store: PlanContext["store"],
  { checkpoint }: Claim,
  workspace: Workspace,
): Promise<string | undefined> {
  if (checkpoint === undefined) return undefined;
  try {
    await store.bytes.verify(checkpoint.stored);
  } catch (error) {
    if (error instanceof Problem && error.code === "artifact/corrupt") return undefined;
    throw error;
  }
  const name = `step-${checkpoint.step}`;
  await store.bytes.materialise([{ name, location: checkpoint.stored.location }], workspace.resume);
  return join(workspace.resume, name);
}
