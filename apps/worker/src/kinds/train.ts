import { join } from "node:path";
import {
  knownArchitecture,
  Problem,
  resolveEncoding,
  resolveTrainingSettings,
  sentenceTransformersFiles,
} from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import type { Claim } from "@espalier/store";
import type { PreparationContext } from "../attempt/prepare.ts";
import type { Workspace } from "../attempt/workspace.ts";
import { dataset } from "./inputs.ts";
import { asFile, type WorkerKind } from "./kind.ts";
import { lineageOf, originName, refuseAdapter } from "./lineage.ts";

export const trainRun: WorkerKind<"train"> = {
  async prepare(spec, { claim, workspace, context, model, sources, common, chunkTokens }) {
    refuseAdapter(model, "trained");
    const { store } = context;
    const triplets = await dataset(store, claim.teamId, spec.datasetId, workspace);
    const resume = await resumePoint(store, claim, workspace);
    const settings = { ...spec.settings };
    if (chunkTokens !== undefined) settings.chunkTokens = chunkTokens;
    return {
      job: {
        ...common,
        kind: "train",
        model: workspace.model,
        output: workspace.output,
        mode: spec.mode ?? "default",
        baseName: model.name,
        modelName: originName(await lineageOf(store, claim.teamId, model)),
        triplets: triplets.path,
        texts: triplets.kind === "texts",
        encoding: await folderEncoding(workspace.model, spec.encoding ?? {}, spec.mode),
        settings,
        checkpoints: workspace.checkpoints,
        ...(resume === undefined ? {} : { resume }),
      },
      model,
      sources: [...sources, triplets.artifactId],
    };
  },
  computedWith: ({ mode, encoding, settings }) => ({
    mode,
    encoding: resolveEncoding(encoding),
    settings: resolveTrainingSettings(settings, mode),
  }),
  async publish({ result, architecture }, { model, adoptOutput, derived }) {
    const artifacts = await adoptOutput(architecture ? "model-file" : "adapter-file");
    const files = artifacts.map(asFile);
    // An adapter goes with the files of its base, but for those that say how the base made vectors of texts.
    const own = new Set([...files.map(({ name }) => name), ...sentenceTransformersFiles]);
    const base = architecture
      ? []
      : model.files
          .filter(({ name }) => !own.has(name))
          .map(({ name, artifactId }) => ({ name, artifactId }));
    const made = derived("trained", architecture ?? knownArchitecture(model), [...base, ...files]);
    return { result: { ...result, modelId: made.id }, artifacts, model: made };
  },
};

/** The checkpoint of an earlier attempt; none when its bytes are not what was saved, because then it starts anew. */
async function resumePoint(
  store: PreparationContext["store"],
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
