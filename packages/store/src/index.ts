export { type Artifacts, type NewArtifact } from "./artifacts.ts";
export { locations, type Bytes, type PutOptions, type StoredFile, type StoredObject } from "./bytes/bytes.ts";
export { type Transaction } from "./database.ts";
export { type Datasets } from "./datasets.ts";
export {
  type Committed,
  type Delivery,
  type Dispatch,
  type DispatchDecisions,
  type DispatchWaiting,
} from "./dispatch.ts";
export {
  historyKeys,
  type DispatchAccount,
  type DispatchDevice,
  type DispatchQueued,
  type DispatchRunning,
  type DispatchSnapshot,
} from "./dispatch-snapshot.ts";
export { type Events, type Hint } from "./events.ts";
export { type ExperimentRecord, type Experiments } from "./experiments.ts";
export { type Beat, type BeatAnswer, type Heartbeats } from "./heartbeats.ts";
export { type Finding, type Holds } from "./holds.ts";
export { type Idempotency, type Response } from "./idempotency.ts";
export { type Leader, type Leadership } from "./leader.ts";
export { type Checkpoint, type Claim, type Leases, type Success } from "./leases.ts";
export { type Logs } from "./logs.ts";
export { type Metrics } from "./metrics.ts";
export { type Models, type NewModel } from "./models.ts";
export { type NewRun, type Runs } from "./runs.ts";
export { migrate } from "./migrate.ts";
export { openStore, type Store, type StoreOptions } from "./store.ts";
export { type Caller, type Teams } from "./teams.ts";
export { type Uploads } from "./uploads.ts";
export { type DueSchedule, type Schedules, type Submitted } from "./schedules.ts";
export { checkRegistration, type NewDevice, type NewWorker } from "./registration.ts";
export { type WorkerEvents } from "./worker-events.ts";
export { type Workers } from "./workers.ts";
