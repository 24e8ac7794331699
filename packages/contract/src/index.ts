export { apiKeyId, newApiKey } from "./teams/api-key.ts";
export { backoff, type Backoff } from "./backoff.ts";
export { Artifact, ArtifactKind } from "./models/artifact.ts";
export { AuditAction, auditActions, AuditEntry, AuditQuery } from "./audit/audit.ts";
export { Author, MadeByQuery } from "./teams/author.ts";
export { ArrayCreate, parseIndices, RunArray, type Indices } from "./runs/array.ts";
export { Attempt, AttemptState, Preempted } from "./runs/attempt.ts";
export { createClient, hubTokenHeader, type Client } from "./http/client.ts";
export { Alert, alertRows, raise } from "./pool/alert.ts";
export {
  apiPoolSize,
  connectionBudget,
  connectionNeed,
  poolSizes,
  type QueueServer,
} from "./pool/connections.ts";
export { Pool, schedulerSilence, type HeldPart, type PoolConnections } from "./pool/pool.ts";
export {
  Dataset,
  DatasetCreateQuery,
  datasetFormats,
  datasetKinds,
  DatasetKind,
  DatasetErrors,
  DatasetReading,
  mostErrors,
  DatasetRows,
  DatasetRowsQuery,
  TextRow,
  Triplet,
  type DatasetFormat,
} from "./datasets/dataset.ts";
export {
  taskRows,
  type BitextPair,
  type ClusteringRow,
  type Document,
  type LabelledPair,
  type LabelledText,
  type RerankingRow,
  type RetrievalRow,
  type StsPair,
  type TaskRowOf,
} from "./datasets/task-rows.ts";
export { mainMetrics, taskTypes, type TaskType } from "./datasets/task-types.ts";
export { Deletion, DeletionQuery, MakerDeletionQuery } from "./retention/deletion.ts";
export {
  engineNames,
  noEngine,
  precisionMeanings,
  precisions,
  Precision,
  type EngineName,
  type EngineRate,
} from "./pool/engine.ts";
export {
  choicesOf,
  describeChoice,
  engineChoiceOf,
  fastestOf,
  passOf,
  type EngineChoice,
} from "./pool/engine-choice.ts";
export { Device, DeviceKind, Hold, HoldCause, holdCauses, Measurement } from "./pool/device.ts";
export { clockTolerance, leastFree } from "./pool/storage.ts";
export {
  checkedEncoding,
  Encoding,
  namedTemplates,
  templateChoices,
  Pooling,
  resolveEncoding,
  type ResolvedEncoding,
  type NamedTemplate,
  type TemplateChoice,
} from "./models/encoding.ts";
export {
  Depths,
  EvaluationResult,
  evaluationRevision,
  TaskScore,
  type DepthScores,
} from "./kinds/evaluate.ts";
export { experimentFileSchema } from "./experiments/experiment-file.ts";
export { Promotion, PromotionRequest, refusals } from "./experiments/promotion.ts";
export {
  ComparedVariant,
  Comparison,
  ComparisonQuery,
  usualMargin,
  type Interval,
} from "./experiments/comparison.ts";
export {
  conditionsOf,
  differencesOf,
  type ComparedManifest,
  type ConditionDifference,
  type Conditions,
} from "./experiments/conditions.ts";
export { Event, RecordedEvent, RunProgressEvent } from "./http/event.ts";
export {
  Experiment,
  ExperimentSpec,
  ExperimentState,
  mostExperimentRuns,
  VariantReport,
} from "./experiments/experiment.ts";
export {
  Export,
  LeftOut,
  ExportFormat,
  exportFormats,
  ExportResult,
  leastParity,
  leastRoundedParity,
  Parity,
  resolveExportSettings,
  RoundedParity,
} from "./kinds/export.ts";
export {
  FailureClass,
  failureClasses,
  mayBeOfPlace,
  judge,
  maxCrashes,
  maxInfrastructureFailures,
  type EndedAttempt,
  type PastFailure,
  type Verdict,
} from "./runs/failure.ts";
export { Garbage, GarbageKind, garbageKinds } from "./retention/garbage.ts";
export { Graph, GraphCreate } from "./runs/graph.ts";
export { HubSource, ModelSource, parseHubReference } from "./models/hub.ts";
export {
  idOf,
  idPrefixes,
  Name,
  nameFrom,
  newId,
  normaliseName,
  PageQuery,
  type IdKind,
  type Page,
  momentOf,
} from "./id.ts";
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
export { Limits } from "./runs/limits.ts";
export { mergePatch } from "./http/merge-patch.ts";
export {
  RunFacet,
  RunFacets,
  RunFilter,
  RunListQuery,
  type RunFilterQuery,
  type RunOrder,
  type RunQuery,
} from "./runs/list.ts";
export {
  logLevels,
  LogLevel,
  LogLine,
  LogPage,
  LogsQuery,
  Metric,
  MetricsQuery,
  type MetricPoint,
} from "./runs/metric.ts";
export {
  chunkTokensOf,
  dependenciesOf,
  predictMemory,
  workOf,
  resolveSpec,
  RunKind,
  runKinds,
  RunResult,
  RunSpec,
  runSpecs,
  sharesDevice,
  sizeAfter,
  type SpecOf,
} from "./kinds/kinds.ts";
export { fitMemory, type MemoryPlan } from "./kinds/fit-memory.ts";
export { streamingBytes, type ModelSize } from "./kinds/memory.ts";
export { importWork } from "./kinds/import.ts";
export { nominalSpeed, type Work } from "./kinds/work.ts";
export { Lineage, longestLineage } from "./models/lineage.ts";
export { TimelineEntry } from "./runs/timeline.ts";
export { Overview } from "./pool/overview.ts";
export { ModelRef } from "./models/model-ref.ts";
export type { PruneSpec } from "./kinds/prune.ts";
export {
  chooseModelFiles,
  insteadOf,
  insteadOfFile,
  isModelFile,
  isModuleFile,
  modelFileNames,
  modulesFile,
  recordFile,
  sentenceTransformersFiles,
  transformerFiles,
  vocabularyFiles,
  poolingFile,
  shardName,
  withoutWeights,
} from "./models/model-file.ts";
export { Mode, modes } from "./kinds/mode.ts";
export { Architecture, knownArchitecture, Model, ModelCreate, ModelState } from "./models/model.ts";
export {
  isProblem,
  Problem,
  ProblemDocument,
  problems,
  retryAfterSeconds,
  type ProblemCode,
  type Referrer,
  PlacedError,
  type ProblemFacts,
} from "./problem.ts";
export { remedies } from "./remedies.ts";
export { mostActedOn, RunActionRequest, RunActionResult, type RunAction } from "./runs/actions.ts";
export { RunChange, RunPatch } from "./runs/change.ts";
export { type Blocker, QueueEntry, QueuePage, QueueQuery } from "./runs/queue.ts";
export {
  assertMove,
  isTerminal,
  isUnsuccessful,
  Progress,
  Run,
  RunCreate,
  runMoves,
  RunRole,
  RunState,
  runStates,
  statesBefore,
  unsuccessfulStates,
} from "./runs/run.ts";
export {
  Firing,
  Schedule,
  ScheduleChange,
  ScheduleCreate,
  Submission,
  type OverlapPolicy,
} from "./experiments/schedule.ts";
export { Series, SeriesAnswer, SeriesQuery, type SeriesRequest } from "./runs/series.ts";
export { Plan, PlannedRun, PlanRequest } from "./runs/plan.ts";
export { classCharge, Needs, PriorityClass, priorityClasses, usageHalfLifeMs } from "./runs/scheduling.ts";
export { Retention, RetentionChange } from "./retention/retention.ts";
export {
  resolveSearchSettings,
  SearchResult,
  SearchSettings,
  searchSizes,
  type ResolvedSearchSettings,
} from "./kinds/search.ts";
export {
  firstOnAxis,
  SearchRule,
  searchRuleTraits,
  slebPasses,
  type PickStability,
  type RuleCurve,
  type SearchStability,
} from "./kinds/search-rules.ts";
export { ApiKey, KeyCreate, KeyQuery, KeyRotate, NewApiKey } from "./teams/key.ts";
export { Me } from "./teams/me.ts";
export { SessionCreate, SignedOut, SignInWays } from "./teams/session.ts";
export { reaches, TeamRole, teamRoles } from "./teams/role.ts";
export {
  defaultPendingRuns,
  Team,
  TeamChange,
  TeamQuota,
  TeamUser,
  UrgentFrom,
  UserChange,
} from "./teams/team.ts";
export {
  checkDistillation,
  resolveTrainingSettings,
  TrainingResult,
  TrainingSettings,
  type ResolvedTrainingSettings,
} from "./kinds/train.ts";
export { Upload } from "./models/upload.ts";
export { ExpectedStart, Unblock, Waiting, WaitingReason } from "./runs/waiting.ts";
export { explainUnblock, explainWaiting } from "./runs/waiting-words.ts";
export {
  Webhook,
  WebhookChange,
  WebhookCreate,
  WebhookDelivery,
  WebhookDeliveryQuery,
  WebhookEvent,
  webhookEvents,
  WebhookFilter,
  WebhookWithSecret,
} from "./webhooks/webhook.ts";
export { CordonCreate, DrainCreate, Worker, WorkerEvent, WorkerState } from "./pool/worker.ts";
export { DeviceHistoryEntry } from "./pool/device-history.ts";
export { View, ViewCreate, ViewQuery } from "./views/view.ts";
