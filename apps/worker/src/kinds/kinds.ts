import type { RunKind } from "@espalier/contract";
import { evaluateRun } from "./evaluate.ts";
import { exportRun } from "./export.ts";
import { importRun } from "./import.ts";
import type { WorkerKind } from "./kind.ts";
import { pruneRun } from "./prune.ts";
import { searchRun } from "./search.ts";
import { trainRun } from "./train.ts";

const kinds: { readonly [Kind in RunKind]: WorkerKind<Kind> } = {
  import: importRun,
  prune: pruneRun,
  search: searchRun,
  train: trainRun,
  evaluate: evaluateRun,
  export: exportRun,
};

export const workerKind = (kind: RunKind): WorkerKind<RunKind> => kinds[kind] as WorkerKind<RunKind>;
