import type { Command } from "../command.ts";
import { arrayCancel, arrayHold, arrayList, arrayRelease, arraySet, arrayShow } from "./array.ts";
import { datasetAdd, datasetList } from "./dataset.ts";
import { demo } from "./demo.ts";
import { doctor } from "./doctor.ts";
import { embed } from "./embed.ts";
import {
  experimentCancel,
  experimentClone,
  experimentHold,
  experimentList,
  experimentRelease,
  experimentRetry,
  experimentSet,
  experimentShow,
  experimentSubmit,
} from "./experiment.ts";
import { evaluate } from "./evaluate.ts";
import { exportModel } from "./export.ts";
import { gc } from "./gc.ts";
import { graphSubmit } from "./graph.ts";
import { keyCreate, keyList, keyRevoke, keyRotate } from "./key.ts";
import { l3prune } from "./l3prune.ts";
import { me } from "./me.ts";
import { modelImport } from "./model-import.ts";
import { modelList } from "./model.ts";
import { pool } from "./pool.ts";
import { prune } from "./prune.ts";
import { queue } from "./queue.ts";
import {
  runCancel,
  runClone,
  runHold,
  runList,
  runLogs,
  runRelease,
  runRetry,
  runShow,
  runWatch,
} from "./run.ts";
import { runSet } from "./run-set.ts";
import { artifactRemove, datasetRemove, experimentRemove, modelRemove, runRemove } from "./remove.ts";
import { runSubmit } from "./run-submit.ts";
import { teamRetention } from "./team-retention.ts";
import {
  scheduleAdd,
  scheduleFirings,
  scheduleList,
  schedulePause,
  scheduleRemove,
  scheduleResume,
  scheduleSet,
} from "./schedule.ts";
import { teamKey, teamList, teamSet } from "./team.ts";
import { train } from "./train.ts";
import { up } from "./up.ts";
import {
  workerCordon,
  workerDrain,
  workerEvents,
  workerList,
  workerResume,
  workerUncordon,
} from "./worker.ts";

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  up,
  demo,
  modelImport,
  modelList,
  modelRemove,
  exportModel,
  datasetAdd,
  datasetList,
  datasetRemove,
  runSubmit,
  runList,
  runShow,
  runLogs,
  runWatch,
  runCancel,
  runHold,
  runRelease,
  runSet,
  runRetry,
  runClone,
  runRemove,
  artifactRemove,
  arrayList,
  arrayShow,
  arrayCancel,
  arrayHold,
  arrayRelease,
  arraySet,
  graphSubmit,
  experimentSubmit,
  experimentShow,
  experimentList,
  experimentCancel,
  experimentHold,
  experimentRelease,
  experimentSet,
  experimentRetry,
  experimentClone,
  experimentRemove,
  scheduleAdd,
  scheduleList,
  scheduleFirings,
  scheduleSet,
  schedulePause,
  scheduleResume,
  scheduleRemove,
  queue,
  pool,
  doctor,
  workerList,
  workerEvents,
  workerDrain,
  workerResume,
  workerCordon,
  workerUncordon,
  teamList,
  teamSet,
  teamRetention,
  teamKey,
  me,
  keyList,
  keyCreate,
  keyRotate,
  keyRevoke,
  gc,
  prune,
  l3prune,
  train,
  evaluate,
  embed,
];
