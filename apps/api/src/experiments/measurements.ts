import { text } from "node:stream/consumers";
import {
  conditionsOf,
  isProblem,
  type Artifact,
  type ArtifactKind,
  type ComparedManifest,
  type Conditions,
  type EvaluationResult,
  type Run,
} from "@espalier/contract";
import { parseUnits, type StoredUnits } from "@espalier/evaluation";
import type { Store } from "@espalier/store";

/** What an evaluation has left that comparisons are made of. */
export interface Measurement {
  scores: EvaluationResult["scores"];
  /** By dataset; empty where none are stored. */
  units: ReadonlyMap<string, StoredUnits>;
  conditions: Conditions;
}

/** A larger file of units is not read: whoever compares waits for it. */
const mostUnitBytes = 64e6;

/** @param train the run that trained its model, where one did */
export async function measurementOf(
  store: Store,
  teamId: string,
  evaluation: Run,
  train: Run | undefined,
): Promise<Measurement> {
  const artifacts = await artifactsOf(store, teamId, evaluation);
  const datasetIds = "datasetIds" in evaluation.spec ? evaluation.spec.datasetIds : [];
  const trained = train && "datasetId" in train.spec ? train.spec.datasetId : undefined;
  return {
    scores: (evaluation.result as EvaluationResult).scores,
    units: await readUnits(store, teamId, artifacts),
    conditions: conditionsOf(
      await readManifest(store, teamId, artifacts),
      train && (await readManifest(store, teamId, await artifactsOf(store, teamId, train))),
      {
        evaluation: await Promise.all(datasetIds.map((id) => checksumOf(store, teamId, id))),
        training: trained && (await checksumOf(store, teamId, trained)),
      },
    ),
  };
}

const one = (artifacts: readonly Artifact[], kind: ArtifactKind) =>
  artifacts.find((each) => each.kind === kind);

/** What a run has made, or the one whose result it took over, unless that was deleted. */
async function artifactsOf(store: Store, teamId: string, { id, reusedFrom }: Run): Promise<Artifact[]> {
  const own = await store.artifacts.ofRun(teamId, id);
  if (own.length > 0 || reusedFrom === undefined) return own;
  return store.artifacts.ofRun(teamId, reusedFrom).catch((error: unknown) => {
    if (isProblem(error) && error.code === "resource/not-found") return [];
    throw error;
  });
}

async function readUnits(store: Store, teamId: string, artifacts: readonly Artifact[]) {
  const found = one(artifacts, "evaluation-units");
  const units = new Map<string, StoredUnits>();
  if (found === undefined || found.bytes > mostUnitBytes) return units;
  const lines = (await contentOf(store, teamId, found)).split("\n").filter((line) => line !== "");
  for (const line of lines) {
    const read = parseUnits(line);
    if (read.layers === undefined) units.set(read.datasetId, read);
  }
  return units;
}

async function readManifest(
  store: Store,
  teamId: string,
  artifacts: readonly Artifact[],
): Promise<ComparedManifest> {
  const found = one(artifacts, "manifest");
  return found ? (JSON.parse(await contentOf(store, teamId, found)) as ComparedManifest) : {};
}

async function contentOf(store: Store, teamId: string, { id }: Artifact): Promise<string> {
  const { location } = await store.artifacts.stored(teamId, id);
  return text(await store.bytes.open(location));
}

/** Of its rows; of a dataset that was deleted since, what is left is its id. */
async function checksumOf(store: Store, teamId: string, datasetId: string): Promise<string> {
  try {
    return (await store.datasets.stored(teamId, datasetId)).sha256;
  } catch (error) {
    if (isProblem(error) && error.code === "resource/not-found") return datasetId;
    throw error;
  }
}
