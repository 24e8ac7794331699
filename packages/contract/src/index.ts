export { apiKeyId, newApiKey } from "./api-key.ts";
export { Artifact, ArtifactKind } from "./artifact.ts";
export { Attempt, AttemptState, Preempted } from "./attempt.ts";
export {
  createClient,
  hubTokenHeader,
  type Client,
  type ClientOptions,
  type RunQuery,
  type SubmitOptions,
} from "./client.ts";
export { Dataset, DatasetCreateQuery, DatasetKind, StsPair, TextRow, Triplet } from "./dataset.ts";
export { Device, DeviceKind, Hold, HoldCause, holdCauses, Measurement } from "./device.ts";
export {
  Encoding,
  namedTemplates,
  Pooling,
  poolings,
  templateChoices,
  type NamedTemplate,
  type TemplateChoice,
} from "./encoding.ts";
export { EvaluationResult, StsScore } from "./evaluation.ts";
export { Event, RecordedEvent, RunProgressEvent, RunStateEvent, RunWaitingEvent } from "./event.ts";
export { Experiment, ExperimentSpec, ExperimentState, Variant, VariantReport } from "./experiment.ts";
export { Export, ExportFormat, exportFormats, ExportResult, leastParity, Parity } from "./export.ts";
export {
  classify,
  FailureClass,
  failureClasses,
  judge,
  maxCrashes,
  maxInfrastructureFailures,
  type EndedAttempt,
  type PastFailure,
  type Verdict,
} from "./failure.ts";
export { Graph, GraphCreate } from "./graph.ts";
export { HubSource, ModelSource, parseHubReference } from "./hub.ts";
export { idOf, idPrefixes, Name, newId, PageQuery, Sha256, Timestamp, type IdKind, type Page } from "./id.ts";
export {
  leaseTiming,
  leaseTimingOf,
  sweepSeconds,
  workerProtocol,
  type Lease,
  type LeaseTiming,
} from "./lease.ts";
export { mergePatch } from "./merge-patch.ts";
export { LogLevel, LogLine, Metric, MetricsQuery, type MetricPoint } from "./metric.ts";
export { chunkTokensOf } from "./memory.ts";
export { chooseModelFiles, isModelFile, modelFileNames, poolingFile, shardName } from "./model-file.ts";
export { Mode, modes } from "./mode.ts";
export { Architecture, knownArchitecture, Model, ModelCreate, ModelState } from "./model.ts";
export {
  isProblem,
  Problem,
  ProblemDocument,
  problems,
  type ProblemCode,
  type ProblemFacts,
} from "./problem.ts";
export { QueueEntry, QueuePage, QueueQuery } from "./queue.ts";
export {
  assertMove,
  dependenciesOf,
  EvaluateSpec,
  ExportSpec,
  ImportSpec,
  isTerminal,
  isUnsuccessful,
  LayersRef,
  ModelRef,
  ModelResult,
  Progress,
  PruneSpec,
  Run,
  RunCreate,
  RunKind,
  runKinds,
  runMoves,
  RunResult,
  RunSpec,
  runSpecs,
  RunState,
  runStates,
  SearchSpec,
  statesBefore,
  TrainSpec,
  unsuccessfulStates,
} from "./run.ts";
export { Firing, Schedule, ScheduleCreate, Submission } from "./schedule.ts";
export { classCharge, Needs, PriorityClass, priorityClasses, usageHalfLifeMs } from "./scheduling.ts";
export { SearchResult, SearchSettings } from "./search.ts";
export {
  resolveEncoding,
  resolveSearchSettings,
  resolveTrainingSettings,
  type ResolvedEncoding,
  type ResolvedSearchSettings,
  type ResolvedTrainingSettings,
} from "./settings.ts";
export { readEvents, type ServerSentMessage } from "./sse.ts";
export { ApiKey, KeyCreate, KeyRole, quotaPeriods, Team, TeamChange, TeamUser, UserChange } from "./team.ts";
export { TrainingResult, TrainingSettings } from "./training.ts";
export { Upload } from "./upload.ts";
export {
  ExpectedStart,
  explainWaiting,
  Unblock,
  Waiting,
  WaitingReason,
  type WaitingCode,
} from "./waiting.ts";
export {
  CordonCreate,
  Drain,
  DrainCreate,
  Worker,
  WorkerEvent,
  WorkerEventType,
  WorkerState,
} from "./worker.ts";
