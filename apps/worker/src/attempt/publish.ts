import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { newId, type Architecture, type ArtifactKind, type RunSpec } from "@espalier/contract";
import {
  locations,
  type Claim,
  type NewArtifact,
  type NewModel,
  type Store,
  type Success,
} from "@espalier/store";
import { workerKind } from "../kinds/kinds.ts";
import { manifestOf } from "./manifest.ts";
import type { PreparedRun } from "./prepare.ts";
import type { RunOutcome } from "@espalier/contract/compute";
import type { Workspace } from "./workspace.ts";

/** Repeats the storing of one file while the volume is full or away. */
export type Storing = <T>(store: () => Promise<T>) => Promise<T>;

/**
 * Stores what an attempt has made, checked and durable, with a manifest of what it was made from, and words the commit
 * that makes it exist for others.
 */
export async function publish(
  store: Pick<Store, "artifacts" | "bytes">,
  claim: Claim,
  prepared: PreparedRun,
  outcome: RunOutcome,
  workspace: Workspace,
  stored: Storing,
): Promise<Success> {
  const success = await publishOutcome(store, claim, prepared, outcome, workspace, stored);
  const artifacts = success.artifacts ?? [];
  const text = JSON.stringify(await manifestOf(store, claim, prepared, success), null, 2);
  const { runId, attempt } = claim.lease;
  const name = "manifest.json";
  const location = locations.attempt(runId, attempt, name);
  const manifest: NewArtifact = {
    id: newId("artifact"),
    kind: "manifest",
    name,
    stored: await stored(() => store.bytes.put(location, Readable.from([Buffer.from(`${text}\n`)]))),
    sources: prepared.sources,
  };
  return { ...success, artifacts: [...artifacts, manifest] };
}

async function publishOutcome(
  { bytes }: Pick<Store, "bytes">,
  { lease, run }: Claim,
  { model, sources }: PreparedRun,
  outcome: RunOutcome,
  workspace: Workspace,
  storing: Storing,
): Promise<Success> {
  const place = (name: string) => locations.attempt(lease.runId, lease.attempt, name);

  const adopt = async (folder: "output" | "beside", kind: ArtifactKind): Promise<NewArtifact[]> => {
    const artifacts: NewArtifact[] = [];
    const path = workspace[folder];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const names = files.map(({ parentPath, name }) => relative(path, join(parentPath, name)));
    for (const name of names.sort()) {
      const stored = await storing(() => bytes.adopt(join(path, name), place(`${folder}/${name}`)));
      artifacts.push({ id: newId("artifact"), kind, name, stored, sources });
    }
    return artifacts;
  };
  const record = async (kind: ArtifactKind, name: string, result: unknown): Promise<NewArtifact[]> => {
    const text = Buffer.from(`${JSON.stringify(result, null, 2)}\n`);
    const stored = await storing(() => bytes.put(place(name), Readable.from([text])));
    return [{ id: newId("artifact"), kind, name, stored, sources }];
  };
  const derived = (suffix: string, architecture: Architecture, files: NewModel["files"]): NewModel => ({
    id: newId("model"),
    name: nameOf(run.spec) ?? `${model.name.slice(0, 110)}-${suffix}`,
    architecture,
    files,
    baseModelId: model.id,
  });

  const adoptOutput = (kind: ArtifactKind) => adopt("output", kind);
  const adoptBeside = (kind: ArtifactKind) => adopt("beside", kind);
  return workerKind(outcome.kind).publish(outcome, { model, adoptOutput, adoptBeside, record, derived });
}

const nameOf = (spec: RunSpec): string | undefined => ("name" in spec ? spec.name : undefined);
