import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import {
  knownArchitecture,
  newId,
  type Architecture,
  type ArtifactKind,
  type Export,
  type RunSpec,
} from "@espalier/contract";
import {
  locations,
  type Claim,
  type NewArtifact,
  type NewModel,
  type Store,
  type Success,
} from "@espalier/store";
import { manifestOf } from "./manifest.ts";
import type { Plan } from "./plan.ts";
import type { RunOutcome } from "@espalier/contract/compute";
import type { Workspace } from "./workspace.ts";

/**
 * Stores what an attempt has made, checked and durable, with a manifest of what it was made from, and words the commit
 * that makes it exist for others.
 */
export async function publish(
  store: Pick<Store, "artifacts" | "bytes">,
  claim: Claim,
  plan: Plan,
  outcome: RunOutcome,
  workspace: Workspace,
): Promise<Success> {
  const success = await publishOutcome(store, claim, plan, outcome, workspace);
  const artifacts = success.artifacts ?? [];
  const text = JSON.stringify(await manifestOf(store, claim, plan, success), null, 2);
  const { runId, attempt } = claim.lease;
  const name = "manifest.json";
  const stored = await store.bytes.put(
    locations.attempt(runId, attempt, name),
    Readable.from([Buffer.from(`${text}\n`)]),
  );
  const manifest: NewArtifact = {
    id: newId("artifact"),
    kind: "manifest",
    name,
    stored,
    sources: plan.sources,
  };
  return { ...success, artifacts: [...artifacts, manifest] };
}

async function publishOutcome(
  { bytes }: Pick<Store, "bytes">,
  { lease, run }: Claim,
  { model, sources }: Plan,
  outcome: RunOutcome,
  workspace: Workspace,
): Promise<Success> {
  const place = (name: string) => locations.attempt(lease.runId, lease.attempt, name);

  const adoptOutput = async (kind: ArtifactKind): Promise<NewArtifact[]> => {
    const artifacts: NewArtifact[] = [];
    const entries = await readdir(workspace.output, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const names = files.map(({ parentPath, name }) => relative(workspace.output, join(parentPath, name)));
    for (const name of names.sort()) {
      const stored = await bytes.adopt(join(workspace.output, name), place(`output/${name}`));
      artifacts.push({ id: newId("artifact"), kind, name, stored, sources });
    }
    return artifacts;
  };
  const record = async (kind: ArtifactKind, name: string, result: unknown): Promise<NewArtifact[]> => {
    const text = Readable.from([Buffer.from(`${JSON.stringify(result, null, 2)}\n`)]);
    const stored = await bytes.put(place(name), text);
    return [{ id: newId("artifact"), kind, name, stored, sources }];
  };
  const derived = (suffix: string, architecture: Architecture, files: NewModel["files"]): NewModel => ({
    id: newId("model"),
    name: nameOf(run.spec) ?? `${model.name.slice(0, 110)}-${suffix}`,
    architecture,
    files,
    baseModelId: model.id,
  });

  switch (outcome.kind) {
    case "import": {
      if (outcome.commit !== undefined) {
        const artifacts = await adoptOutput("model-file");
        return {
          result: { modelId: model.id },
          architecture: outcome.architecture,
          artifacts,
          files: artifacts.map(asFile),
          source: { ...model.source!, commit: outcome.commit },
        };
      }
      return { result: { modelId: model.id }, architecture: outcome.architecture };
    }
    case "prune": {
      const artifacts = await adoptOutput("model-file");
      const suffix = `${outcome.architecture.layers}-layers`;
      const made = derived(suffix, outcome.architecture, artifacts.map(asFile));
      return { result: { modelId: made.id }, artifacts, model: made };
    }
    case "export": {
      const artifacts = await adoptOutput("export-file");
      const { exports, notes, architecture } = outcome;
      const byPath = new Map(artifacts.map((artifact) => [artifact.name, artifact]));
      const folders = exports.map(({ files, ...rest }): Export => ({
        ...rest,
        files: files.map(({ name, path }) => {
          const { id, stored } = byPath.get(path)!;
          return { name, artifactId: id, bytes: stored.bytes };
        }),
      }));
      const merged = folders.find(({ format }) => format === "safetensors");
      if (!merged || !architecture) return { result: { exports: folders, notes }, artifacts };
      const made = derived("merged", architecture, merged.files);
      return { result: { modelId: made.id, exports: folders, notes }, artifacts, model: made };
    }
    case "train": {
      if (outcome.architecture) {
        const artifacts = await adoptOutput("model-file");
        const made = derived("trained", outcome.architecture, artifacts.map(asFile));
        return { result: { ...outcome.result, modelId: made.id }, artifacts, model: made };
      }
      const artifacts = await adoptOutput("adapter-file");
      const base = model.files.map(({ name, artifactId }) => ({ name, artifactId }));
      const made = derived("trained", knownArchitecture(model), [...base, ...artifacts.map(asFile)]);
      return { result: { ...outcome.result, modelId: made.id }, artifacts, model: made };
    }
    case "search":
      return {
        result: outcome.result,
        artifacts: await record("search-result", "search.json", outcome.result),
      };
    case "evaluate":
      return {
        result: outcome.result,
        artifacts: await record("evaluation-result", "evaluation.json", outcome.result),
      };
  }
}

const asFile = ({ id, name }: NewArtifact) => ({ name, artifactId: id });

const nameOf = (spec: RunSpec): string | undefined => ("name" in spec ? spec.name : undefined);
