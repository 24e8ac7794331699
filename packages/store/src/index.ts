export { type Artifacts, type NewArtifact } from "./artifacts/artifacts.ts";
export { locations, type Bytes, type PutOptions, type StoredFile, type StoredObject } from "./bytes/bytes.ts";
export { type Transaction } from "./database/database.ts";
export { type Datasets } from "./datasets/datasets.ts";
export {
  type Committed,
  type Delivery,
  type Dispatch,
  type DispatchDecisions,
  type DispatchWaiting,
} from "./dispatch/dispatch.ts";
export { type Events, type Hint } from "./events/events.ts";
export { type ExperimentRecord, type Experiments } from "./experiments/experiments.ts";
export { type Beat, type BeatAnswer, type Heartbeats } from "./attempts/heartbeats.ts";
export { type Finding, type Holds } from "./pool/holds.ts";
export { type Idempotency, type Response } from "./teams/idempotency.ts";
export { type Leader, type Leadership } from "./database/leader.ts";
export { type Checkpoint, type Claim, type Leases, type Success } from "./attempts/leases.ts";
export { type Logs } from "./runs/logs.ts";
export { type Metrics } from "./runs/metrics.ts";
export { type Models, type NewModel } from "./models/models.ts";
export { type NewRun, type Runs } from "./runs/runs.ts";
export { migrate } from "./database/migrate.ts";
export { openStore, type Store, type StoreOptions } from "./store.ts";
export { type Caller } from "./teams/keys.ts";
export { type Teams } from "./teams/teams.ts";
export { type Uploads } from "./models/uploads.ts";
export { type DueSchedule, type Schedules, type Submitted } from "./schedules/schedules.ts";
export { checkRegistration, type NewDevice, type NewWorker } from "./pool/registration.ts";
export { type WorkerEvents } from "./pool/worker-events.ts";
export { type Workers } from "./pool/workers.ts";
