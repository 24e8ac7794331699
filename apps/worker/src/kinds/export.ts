import { join } from "node:path";
import {
  knownArchitecture,
  resolveEncoding,
  type Encoding,
  type Export,
  type Model,
} from "@espalier/contract";
import type { ExportJob } from "@espalier/contract/compute";
import { folderEncoding } from "@espalier/model";
import type { PreparationContext } from "../attempt/prepare.ts";
import type { Workspace } from "../attempt/workspace.ts";
import type { WorkerKind } from "./kind.ts";
import { hasAdapter, lineageOf, originName } from "./lineage.ts";

export const exportRun: WorkerKind<"export"> = {
  async prepare(spec, { claim, workspace, context, model, sources, common }) {
    const { store } = context;
    const { teamId } = claim;
    const lineage = await lineageOf(store, teamId, model);
    const { formats = ["safetensors"], leaveOut = false, shardBytes = 5_000_000_000, dtype } = spec;
    const encoding = { ...(await trainedWith(store, teamId, model)), ...spec.encoding };
    return {
      job: {
        ...common,
        kind: "export",
        model: workspace.model,
        output: workspace.output,
        adapter: hasAdapter(model),
        base: await adapterBase(store, teamId, lineage, workspace),
        formats,
        leaveOut,
        modelName: originName(lineage),
        encoding: await folderEncoding(workspace.model, encoding),
        shardBytes,
        ...(dtype === undefined ? {} : { dtype }),
      },
      model,
      sources,
    };
  },
  computedWith: ({ formats, leaveOut, dtype, shardBytes, base, encoding }) => ({
    formats,
    leaveOut,
    dtype,
    shardBytes,
    base: { name: base.name, layers: base.layers },
    encoding: resolveEncoding(encoding),
  }),
  async publish({ exports, leftOut, notes, remarks, architecture }, { adoptOutput, derived }) {
    const artifacts = await adoptOutput("export-file");
    const byPath = new Map(artifacts.map((artifact) => [artifact.name, artifact]));
    const folders = exports.map(({ files, ...rest }): Export => ({
      ...rest,
      files: files.map(({ name, path }) => {
        const { id, stored } = byPath.get(path)!;
        return { name, artifactId: id, bytes: stored.bytes };
      }),
    }));
    const merged = folders.find(({ format }) => format === "safetensors");
    const result = { exports: folders, ...(leftOut && { leftOut }), notes, ...(remarks && { remarks }) };
    if (!merged || !architecture) return { result, artifacts };
    const made = derived("merged", architecture, merged.files);
    return { result: { modelId: made.id, ...result }, artifacts, model: made };
  },
};

/** The encoding of the run that trained a model. */
async function trainedWith(
  store: PreparationContext["store"],
  teamId: string,
  { runId }: Model,
): Promise<Encoding> {
  if (runId === undefined) return {};
  const run = await store.runs.get(teamId, runId);
  const spec = run.resolved ?? run.spec;
  return "encoding" in spec ? (spec.encoding ?? {}) : {};
}

/**
 * The imported model below an adapter, by the name under which it is found, and which of its layers are left where it
 * was pruned, or imported in part.
 */
async function adapterBase(
  store: PreparationContext["store"],
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
