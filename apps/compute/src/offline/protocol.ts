import { Encoding, type FixedLayersRef, type SearchResult } from "@espalier/contract";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { common, SearchJob } from "@espalier/contract/compute";

/**
 * What the command line says to the process that works for it on a folder, without a server: the lines of `protocol.ts`
 * with jobs of its own. Texts and vectors have file descriptors to themselves, as they may be without end.
 */
export const textsDescriptor = 4;
export const vectorsDescriptor = 5;

/** `keptLayers` checks it against the model, so that a refusal names the model's depth. */
const Layers = Type.Unsafe<FixedLayersRef>({});

const PruneJob = Type.Object({
  ...common,
  kind: Type.Literal("prune"),
  model: Type.String(),
  layers: Layers,
  output: Type.String({ description: "folder to make" }),
});
export type PruneJob = Static<typeof PruneJob>;

export const vectorFormats = ["json", "f32", "npy"] as const;

const EmbedJob = Type.Object({
  ...common,
  kind: Type.Literal("embed"),
  model: Type.String(),
  layers: Type.Optional(Layers),
  encoding: Encoding,
  instruction: Type.Optional(Type.String()),
  normalize: Type.Boolean(),
  texts: Type.Optional(Type.Array(Type.String(), { description: "absent: lines of the texts' descriptor" })),
  format: Type.Enum(vectorFormats),
});
export type EmbedJob = Static<typeof EmbedJob>;

const Start = Type.Object({
  type: Type.Literal("start"),
  job: Type.Union([PruneJob, SearchJob, EmbedJob]),
});
export type Start = Static<typeof Start>;

const starts = Compile(Start);

/** @throws {TypeError} for a line that starts no job */
export const parseStart = (line: string): Start => starts.Parse(JSON.parse(line));

/** What a checkpoint weighs. */
export interface Size {
  readonly layers: number;
  readonly parameters: number;
  /** Of all weights. */
  readonly bytes: number;
}

/** What the jobs have found out. */
export type Outcome =
  | { readonly kind: "prune"; readonly before: Size; readonly after: Size; readonly mergedAdapter: boolean }
  | { readonly kind: "search"; readonly result: SearchResult }
  | {
      readonly kind: "embed";
      readonly texts: number;
      readonly width: number;
      readonly tokens: number;
      readonly seconds: number;
    };
