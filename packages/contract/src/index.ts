export { apiKeyId, newApiKey } from "./teams/api-key.ts";
export { backoff } from "./backoff.ts";
export { Artifact, ArtifactKind } from "./models/artifact.ts";
export { Attempt, AttemptState, Preempted } from "./runs/attempt.ts";
export { createClient, hubTokenHeader, type Client, type RunQuery } from "./http/client.ts";
export { Dataset, DatasetCreateQuery, DatasetKind, StsPair, TextRow, Triplet } from "./datasets/dataset.ts";
export { Device, DeviceKind, Hold, HoldCause, holdCauses, Measurement } from "./pool/device.ts";
export {
  Encoding,
  namedTemplates,
  Pooling,
  type NamedTemplate,
  type TemplateChoice,
} from "./models/encoding.ts";
export { EvaluationResult, StsScore } from "./kinds/evaluation.ts";
export { Event, RecordedEvent, RunProgressEvent } from "./http/event.ts";
export { Experiment, ExperimentSpec, ExperimentState, VariantReport } from "./experiments/experiment.ts";
export { Export, ExportFormat, exportFormats, ExportResult, leastParity, Parity } from "./kinds/export.ts";
export {
  FailureClass,
  failureClasses,
  judge,
  maxCrashes,
  maxInfrastructureFailures,
  type EndedAttempt,
  type PastFailure,
} from "./runs/failure.ts";
export { Graph, GraphCreate } from "./runs/graph.ts";
export { HubSource, ModelSource, parseHubReference } from "./models/hub.ts";
export { idOf, idPrefixes, Name, newId, PageQuery, type IdKind, type Page } from "./id.ts";
export {
  countLayers,
  keptLayers,
  LayersRef,
  layersOfVariant,
  Variant,
  type FixedLayersRef,
  type KeptLayers,
} from "./layers.ts";
export {
  leaseTiming,
  leaseTimingOf,
  sweepSeconds,
  workerProtocol,
  type Lease,
  type LeaseTiming,
} from "./runs/lease.ts";
export { mergePatch } from "./http/merge-patch.ts";
export { LogLevel, LogLine, Metric, MetricsQuery, type MetricPoint } from "./runs/metric.ts";
export { chunkTokensOf } from "./kinds/memory.ts";
export {
  chooseModelFiles,
  isModelFile,
  modelFileNames,
  poolingFile,
  shardName,
} from "./models/model-file.ts";
export { Mode, modes } from "./kinds/mode.ts";
export { Architecture, knownArchitecture, Model, ModelCreate, ModelState } from "./models/model.ts";
export { isProblem, Problem, ProblemDocument, problems, type ProblemCode } from "./problem.ts";
export { QueueEntry, QueuePage, QueueQuery } from "./runs/queue.ts";
export {
  assertMove,
  dependenciesOf,
  isTerminal,
  isUnsuccessful,
  ModelRef,
  Progress,
  PruneSpec,
  Run,
  RunCreate,
  RunKind,
  runMoves,
  RunResult,
  RunRole,
  RunSpec,
  runSpecs,
  RunState,
  runStates,
  statesBefore,
  unsuccessfulStates,
} from "./runs/run.ts";
export { Firing, Schedule, ScheduleCreate, Submission } from "./experiments/schedule.ts";
export { classCharge, Needs, PriorityClass, priorityClasses, usageHalfLifeMs } from "./runs/scheduling.ts";
export { SearchResult, SearchSettings } from "./kinds/search.ts";
export {
  resolveEncoding,
  resolveSearchSettings,
  resolveTrainingSettings,
  type ResolvedEncoding,
  type ResolvedSearchSettings,
  type ResolvedTrainingSettings,
} from "./kinds/settings.ts";
export { ApiKey, KeyCreate, KeyRole, Team, TeamChange, TeamUser, UserChange } from "./teams/team.ts";
export { TrainingResult, TrainingSettings } from "./kinds/training.ts";
export { Upload } from "./models/upload.ts";
export { ExpectedStart, explainWaiting, Unblock, Waiting, WaitingReason } from "./runs/waiting.ts";
export { CordonCreate, DrainCreate, Worker, WorkerEvent, WorkerState } from "./pool/worker.ts";
