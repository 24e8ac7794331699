import { Type, type Static } from "typebox";
import { RunOutcome as OutcomeOfRun, type RunJob } from "../kinds/kinds.ts";
import { Remarks } from "../kinds/remarks.ts";
import type { JobKind } from "./job.ts";

/** What a folder's checkpoint weighs. */
const CheckpointSize = Type.Object({
  layers: Type.Integer(),
  parameters: Type.Integer(),
  bytes: Type.Integer({ description: "of all weights" }),
});
export type CheckpointSize = Static<typeof CheckpointSize>;

/** What a job that succeeded has found out; files are in its `output` folder. */
export const Outcome = Type.Union([
  OutcomeOfRun,
  Type.Object({
    kind: Type.Literal("prune-folder"),
    before: CheckpointSize,
    after: CheckpointSize,
    mergedAdapter: Type.Boolean(),
    ...Remarks.properties,
  }),
  Type.Object({
    kind: Type.Literal("embed"),
    texts: Type.Integer(),
    width: Type.Integer(),
    tokens: Type.Integer(),
    seconds: Type.Number(),
  }),
  Type.Object({ kind: Type.Literal("self-test"), seconds: Type.Number() }),
  Type.Object({ kind: Type.Literal("calibrate"), forward: Type.Number(), training: Type.Number() }),
]);
export type Outcome = Static<typeof Outcome>;

/** What a job of one kind finds out. A model of the hub becomes an import like any other. */
export type OutcomeOf<Kind extends JobKind> = Extract<
  Outcome,
  { kind: Kind extends "hub-import" ? "import" : Kind }
>;

/** What an attempt of a run finds out. */
export type RunOutcome = OutcomeOf<RunJob["kind"]>;

export type ExportedFolder = OutcomeOf<"export">["exports"][number];
