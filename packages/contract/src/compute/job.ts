import { Type, type Static } from "typebox";
import { RunJob } from "../kinds/kinds.ts";
import { Corpus } from "../kinds/prune.ts";
import type { FixedLayersRef } from "../layers.ts";
import { Encoding } from "../models/encoding.ts";
import { jobFields } from "./job-fields.ts";

/*
 * What a compute process may be asked to do: one attempt of a run for a worker, or one command of the command line on a
 * folder. All paths are local and absolute.
 */

/** `keptLayers` checks it against the model, so that a refusal names the model's depth. */
const Layers = Type.Unsafe<FixedLayersRef>({});

const PruneFolderJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("prune-folder"),
  model: Type.String({ description: "folder; an adapter in it is merged" }),
  layers: Layers,
  vocabularyOf: Type.Optional(Corpus),
  output: Type.String({ description: "folder to make" }),
});

export const vectorFormats = ["json", "npy", "f32"] as const;
export type VectorFormat = (typeof vectorFormats)[number];

const EmbedJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("embed"),
  model: Type.String(),
  layers: Type.Optional(Layers),
  encoding: Encoding,
  instruction: Type.Optional(Type.String()),
  separator: Type.Optional(Type.String({ description: "between instruction and text" })),
  dimensions: Type.Optional(Type.Integer({ minimum: 1, description: "numbers of a vector that are kept" })),
  /** @default whether the folder says so */
  normalize: Type.Optional(Type.Boolean()),
  texts: Type.Optional(Type.Array(Type.String(), { description: "absent: lines of the texts' descriptor" })),
  format: Type.Enum(vectorFormats),
});

const SelfTestJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("self-test"),
  folder: Type.String({ description: "where a file can be written, as an attempt would" }),
});

/** How fast the engine computes a small encoder on the device. */
const CalibrateJob = Type.Object({ ...jobFields, kind: Type.Literal("calibrate") });

export type SelfTestJob = Static<typeof SelfTestJob>;
export type PruneFolderJob = Static<typeof PruneFolderJob>;
export type EmbedJob = Static<typeof EmbedJob>;

/** The command line asks for a folder's jobs, and for the search of a run; a worker for runs, self-tests and rates of its devices. */
export const Job = Type.Union([RunJob, PruneFolderJob, EmbedJob, SelfTestJob, CalibrateJob]);
export type Job = Static<typeof Job>;
export type JobKind = Job["kind"];
export type JobOf<Kind extends JobKind> = Extract<Job, { kind: Kind }>;

export type HubImportJob = JobOf<"hub-import">;
export type PruneJob = JobOf<"prune">;
export type SearchJob = JobOf<"search">;
export type TrainJob = JobOf<"train">;
export type EvaluateJob = JobOf<"evaluate">;
export type ExportJob = JobOf<"export">;
