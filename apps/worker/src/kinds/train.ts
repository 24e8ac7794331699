import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  knownArchitecture,
  Problem,
  resolveEncoding,
  resolveTrainingSettings,
  sentenceTransformersFiles,
  type ModelRef,
} from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import type { Claim } from "@espalier/store";
import { resolveModel } from "../attempt/resolve-model.ts";
import type { PreparationContext } from "../attempt/prepare.ts";
import type { Workspace } from "../attempt/workspace.ts";
import { dataset } from "./inputs.ts";
import { asFile, type Preparation, type WorkerKind } from "./kind.ts";
import { lineageOf, originName, refuseAdapter } from "./lineage.ts";

export const trainRun: WorkerKind<"train"> = {
  async prepare(spec, { claim, workspace, context, model, sources, common, chunkTokens, keptBytes }) {
    refuseAdapter(model, "trained");
    const { store } = context;
    const triplets = await dataset(store, claim.teamId, spec.datasetId, workspace);
    const taught =
      spec.teacher === undefined ? undefined : await teacherOf(spec.teacher, { claim, workspace, context });
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
        ...(keptBytes ? { keptBytes } : {}),
        checkpoints: workspace.checkpoints,
        ...(resume === undefined ? {} : { resume }),
        ...(taught && { teacher: taught.teacher }),
      },
      model,
      sources: [...sources, triplets.artifactId, ...(taught?.sources ?? [])],
    };
  },
  computedWith: ({ mode, encoding, settings, teacher }) => ({
    mode,
    ...(teacher && { teacher: { name: teacher.modelName, encoding: resolveEncoding(teacher.encoding) } }),
    encoding: resolveEncoding(encoding),
    settings: resolveTrainingSettings(settings, mode),
  }),
  async publish({ result, architecture }, { model, adoptOutput, adoptBeside, derived }) {
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
    const taught = result.taught ? await adoptBeside("teacher-vectors") : [];
    return { result: { ...result, modelId: made.id }, artifacts: [...artifacts, ...taught], model: made };
  },
};

/** The files of a teacher, and where its vectors are to be written. */
async function teacherOf(
  ref: ModelRef,
  { claim, workspace, context: { store } }: Pick<Preparation, "claim" | "workspace" | "context">,
) {
  const { teamId } = claim;
  const model = await resolveModel(store, teamId, ref, "/spec/teacher");
  await store.bytes.materialise(await store.models.files(teamId, model.id), workspace.teacher);
  await mkdir(workspace.beside, { recursive: true });
  const teacher = {
    model: workspace.teacher,
    modelName: originName(await lineageOf(store, teamId, model)),
    encoding: await folderEncoding(workspace.teacher, {}),
    vectors: join(workspace.beside, "teacher-vectors.safetensors"),
  };
  return { teacher, sources: model.files.map(({ artifactId }) => artifactId) };
}

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
