import { Encoding, type SearchResult } from "@espalier/contract";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { common, SearchJob } from "@espalier/contract/compute";

/**
 * What the command line says to the process that works for it on a folder, without a server: the lines of `protocol.ts`
 * with jobs of its own. Texts and vectors have file descriptors to themselves, as they may be without end.
 */
export const textsDescriptor = 4;
export const vectorsDescriptor = 5;

/** How many of the first layers to keep, or how many percent of all to drop from the top. */
const Depth = Type.Union([
  Type.Number(),
  Type.Object({ dropPercent: Type.Number() }),
  Type.Object({ keep: Type.Array(Type.Number()) }),
]);
export type Depth = Static<typeof Depth>;

const PruneJob = Type.Object({
  ...common,
  kind: Type.Literal("prune"),
  model: Type.String(),
  layers: Depth,
  output: Type.String({ description: "folder to make" }),
});
export type PruneJob = Static<typeof PruneJob>;

export const vectorFormats = ["json", "f32", "npy"] as const;

const EmbedJob = Type.Object({
  ...common,
  kind: Type.Literal("embed"),
  model: Type.String(),
  layers: Type.Optional(Depth),
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
