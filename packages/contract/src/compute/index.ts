export {
  vectorFormats,
  type EmbedJob,
  type EvaluateJob,
  type ExportJob,
  type HubImportJob,
  type Job,
  type JobKind,
  type JobOf,
  type PruneFolderJob,
  type PruneJob,
  type SearchJob,
  type SelfTestJob,
  type TrainJob,
  type VectorFormat,
} from "./job.ts";
export type { RunJob } from "../kinds/kinds.ts";
export type { Corpus } from "../kinds/prune.ts";
export {
  type CheckpointSize,
  type ExportedFolder,
  type Outcome,
  type OutcomeOf,
  type RunOutcome,
} from "./outcome.ts";
export {
  deadlineDescriptor,
  formatLine,
  messageDescriptor,
  parseInstruction,
  parseMessage,
  textsDescriptor,
  vectorsDescriptor,
  type HubAccess,
  type Instruction,
  type Message,
  type SystemRefusal,
} from "./protocol.ts";
