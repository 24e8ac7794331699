import type { Command } from "../command.ts";
import { arrayCancel, arrayHold, arrayList, arrayRelease, arraySet, arrayShow } from "./array.ts";
import { audit } from "./audit.ts";
import { completion } from "./completion.ts";
import { datasetAdd, datasetList, datasetShow } from "./dataset.ts";
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
import { experimentCheck } from "./experiment-check.ts";
import { experimentPromote } from "./experiment-promote.ts";
import { experimentCompare, experimentReport } from "./experiment-report.ts";
import { evaluate } from "./evaluate.ts";
import { exportModel } from "./export.ts";
import { gc } from "./gc.ts";
import { graphSubmit } from "./graph.ts";
import { keyCreate, keyList, keyRevoke, keyRotate } from "./key.ts";
import { l3prune } from "./l3prune.ts";
import { login, logout } from "./login.ts";
import { me } from "./me.ts";
import { modelImport } from "./model-import.ts";
import { modelList } from "./model.ts";
import { open } from "./open.ts";
import { pool } from "./pool.ts";
import { prune } from "./prune.ts";
import { queue } from "./queue.ts";
import { runCancel, runClone, runHold, runRelease, runRetry, runShow, runWatch } from "./run.ts";
import { runList } from "./run-list.ts";
import { runLogs } from "./run-logs.ts";
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
  webhookAdd,
  webhookDeliveries,
  webhookList,
  webhookPause,
  webhookPing,
  webhookRedeliver,
  webhookRm,
  webhookResume,
  webhookSet,
} from "./webhook.ts";
import {
  workerCordon,
  workerDrain,
  workerEvents,
  workerList,
  workerResume,
  workerUncordon,
} from "./worker.ts";

/** Commands that belong together in help. */
export interface Group {
  title: string;
  commands: readonly Command[];
}

/** Every command, as help lists them. */
export const groups: readonly Group[] = [
  { title: "Start", commands: [up, demo, login, logout, me, open, doctor, completion] },
  { title: "On folders, without a server", commands: [prune, l3prune, train, evaluate, embed, exportModel] },
  {
    title: "Models and data",
    commands: [modelImport, modelList, modelRemove, datasetAdd, datasetList, datasetShow, datasetRemove],
  },
  {
    title: "Experiments",
    commands: [
      experimentCheck,
      experimentSubmit,
      experimentShow,
      experimentCompare,
      experimentReport,
      experimentPromote,
      experimentList,
      experimentCancel,
      experimentHold,
      experimentRelease,
      experimentSet,
      experimentRetry,
      experimentClone,
      experimentRemove,
    ],
  },
  {
    title: "Runs",
    commands: [
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
      graphSubmit,
      arrayList,
      arrayShow,
      arrayCancel,
      arrayHold,
      arrayRelease,
      arraySet,
    ],
  },
  {
    title: "Schedules",
    commands: [
      scheduleAdd,
      scheduleList,
      scheduleFirings,
      scheduleSet,
      schedulePause,
      scheduleResume,
      scheduleRemove,
    ],
  },
  {
    title: "The pool",
    commands: [
      queue,
      pool,
      workerList,
      workerEvents,
      workerDrain,
      workerResume,
      workerCordon,
      workerUncordon,
    ],
  },
  {
    title: "Webhooks",
    commands: [
      webhookAdd,
      webhookList,
      webhookSet,
      webhookPause,
      webhookResume,
      webhookRm,
      webhookPing,
      webhookDeliveries,
      webhookRedeliver,
    ],
  },
  { title: "Keys of your team", commands: [keyList, keyCreate, keyRotate, keyRevoke, audit] },
  { title: "Teams, for operators", commands: [teamList, teamSet, teamRetention, teamKey, gc] },
];

export const commands: readonly Command[] = groups.flatMap(({ commands }) => commands);
