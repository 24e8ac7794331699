import type { WorkerKind } from "./kind.ts";
import { asFile } from "./kind.ts";
import { prepareHubImport } from "./hub-import.ts";

export const importRun: WorkerKind<"import"> = {
  async prepare(spec, { claim, workspace, context, model, common }) {
    if ("source" in spec) return prepareHubImport(spec.source, model, claim, workspace, context);
    return { job: { ...common, kind: "import", model: workspace.model }, model, sources: [] };
  },
  computedWith: () => ({}),
  async publish({ architecture, commit, remarks }, { model, adoptOutput }) {
    const result = { modelId: model.id, ...(remarks && { remarks }) };
    if (commit === undefined) return { result, architecture };
    const artifacts = await adoptOutput("model-file");
    const source = { ...model.source!, commit };
    return { result, architecture, artifacts, files: artifacts.map(asFile), source };
  },
};
