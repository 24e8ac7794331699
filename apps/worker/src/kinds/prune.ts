import { keptLayers, knownArchitecture, Problem, type KeptLayers, type PruneSpec } from "@espalier/contract";
import type { PreparationContext } from "../attempt/prepare.ts";
import { dataset, finished } from "./inputs.ts";
import { asFile, type WorkerKind } from "./kind.ts";

export const pruneRun: WorkerKind<"prune"> = {
  async prepare(spec, { claim, workspace, context, model, sources, common }) {
    const depth = knownArchitecture(model).layers;
    const layers = await resolveLayers(context.store, claim.teamId, spec, depth);
    const files = { model: workspace.model, output: workspace.output };
    const corpus =
      spec.vocabularyOf === undefined
        ? undefined
        : await dataset(context.store, claim.teamId, spec.vocabularyOf, workspace);
    const vocabularyOf = corpus && { path: corpus.path, texts: corpus.kind === "texts" };
    return {
      job: { ...common, kind: "prune", ...files, layers, ...(vocabularyOf && { vocabularyOf }) },
      model,
      sources: [...sources, ...(corpus ? [corpus.artifactId] : [])],
    };
  },
  computedWith: ({ layers }) => ({ layers }),
  async publish({ architecture, remarks }, { adoptOutput, derived }) {
    const artifacts = await adoptOutput("model-file");
    const made = derived(`${architecture.layers}-layers`, architecture, artifacts.map(asFile));
    return { result: { modelId: made.id, ...(remarks && { remarks }) }, artifacts, model: made };
  },
};

async function resolveLayers(
  store: PreparationContext["store"],
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
