import type {
  Architecture,
  ArtifactKind,
  DeviceKind,
  Model,
  Precision,
  RunKind,
  SpecOf,
} from "@espalier/contract";
import type { JobOf, OutcomeOf } from "@espalier/contract/compute";
import type { Claim, NewArtifact, NewModel, Success } from "@espalier/store";
import type { PreparedRun, PreparationContext } from "../attempt/prepare.ts";
import type { Workspace } from "../attempt/workspace.ts";

/** What is there when a run of any kind is prepared: its model lies in the workspace. */
export interface Preparation {
  claim: Claim;
  workspace: Workspace;
  context: PreparationContext;
  model: Model;
  /** Artifacts of the model. */
  sources: string[];
  /** What every job says. */
  common: {
    engine: string;
    precision?: Precision;
    device?: DeviceKind;
    deviceNames?: string[];
    devices?: string[];
    threads?: number;
  };
  /** Tokens to compute at once; undefined for kinds that do not compute in chunks. */
  chunkTokens: number | undefined;
  /** Activations that it may keep instead of computing them again; undefined where nothing is said of its memory. */
  keptBytes: number | undefined;
}

/** What a kind publishes with. */
export interface Publication {
  model: Model;
  /** Stores every file of the output folder. */
  readonly adoptOutput: (kind: ArtifactKind) => Promise<NewArtifact[]>;
  /** Stores every file beside the output folder, of a run that leaves some there. */
  readonly adoptBeside: (kind: ArtifactKind) => Promise<NewArtifact[]>;
  /** Stores a result as a JSON file. */
  readonly record: (kind: ArtifactKind, name: string, result: unknown) => Promise<NewArtifact[]>;
  /** A model made from the run's own; it has the name that the spec gives, or one with the suffix. */
  readonly derived: (suffix: string, architecture: Architecture, files: NewModel["files"]) => NewModel;
}

/** A job of a run of one kind; an import may also download. */
type RunJobOf<Kind extends RunKind> = JobOf<Kind extends "import" ? "import" | "hub-import" : Kind>;

/** What the worker does for a run of one kind, before its compute process starts and after it has ended. */
export interface WorkerKind<Kind extends RunKind> {
  /** @throws {Problem} when a reference of the spec cannot be followed */
  readonly prepare: (spec: SpecOf<Kind>, preparation: Preparation) => Promise<PreparedRun>;
  /** What the manifest says of the job: the settings that it was computed with, without paths. */
  readonly computedWith: (job: RunJobOf<Kind>) => object;
  readonly publish: (outcome: OutcomeOf<Kind>, publication: Publication) => Promise<Success>;
}

export const asFile = ({ id, name }: NewArtifact) => ({ name, artifactId: id });
