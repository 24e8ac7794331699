import type { Run } from "@espalier/contract";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { StateBadge } from "../elements/badge.tsx";
import { number, points } from "../elements/format.ts";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { cells } from "../elements/table.tsx";
import { RunText } from "./run-text.tsx";
import { Ago, Took } from "../elements/time.tsx";
import { ModelName } from "../models/model-name.tsx";
import { scoreOf } from "../experiments/score.ts";

interface Column {
  title: string;
  /** At the end of its cell, as numbers are. */
  number?: true;
  /** It takes what is left of the width, and is cut there. */
  cut?: true;
  cell: (run: Run) => ReactNode;
}

const quiet = (text: string): ReactNode => <span className={cells.quiet}>{text}</span>;

/** Why a run is in its state, where that is a question. */
export const whyOf = (run: Run): string | undefined =>
  run.problem?.detail ?? run.waiting?.detail ?? (run.cancelledBy && `by ${run.cancelledBy.user}`);

/** What the list of runs can show beside each run's state and name. */
export const columns = {
  kind: { title: "Kind", cell: ({ kind }) => kind },
  user: { title: "User", cell: ({ createdBy }) => createdBy?.user ?? "–" },
  model: { title: "Model", cell: ({ spec }) => ("model" in spec ? <ModelName of={spec.model} /> : "–") },
  experiment: {
    title: "Experiment",
    cell: ({ experimentId, variant }) =>
      experimentId === undefined ? (
        "–"
      ) : (
        <Link href={`/experiments/${experimentId}`}>{variant ?? "its experiment"}</Link>
      ),
  },
  tags: { title: "Tags", cell: ({ tags }) => (tags && tags.length > 0 ? tags.join(", ") : "–") },
  class: {
    title: "Class",
    cell: ({ class: each, priority }) => (priority === 0 ? each : `${each}, ${priority}`),
  },
  progress: {
    title: "Progress",
    cell: ({ id, state, progress }) =>
      state === "RUNNING" ? <ProgressBar runId={id} progress={progress} /> : quiet("–"),
  },
  worker: { title: "Worker", cell: ({ worker }) => worker?.name ?? "–" },
  took: {
    title: "Took",
    number: true,
    cell: ({ startedAt, endedAt }) =>
      startedAt === undefined ? "–" : <Took from={startedAt} to={endedAt} />,
  },
  attempt: { title: "Attempt", number: true, cell: ({ attempt }) => attempt || "–" },
  result: { title: "Result", number: true, cell: ({ result }) => resultOf(result) ?? "–" },
  made: { title: "Made", number: true, cell: ({ createdAt }) => <Ago at={createdAt} /> },
  ended: {
    title: "Ended",
    number: true,
    cell: ({ endedAt }) => (endedAt === undefined ? "–" : <Ago at={endedAt} />),
  },
  id: { title: "Id", cell: ({ id }) => <code>{id}</code> },
  why: { title: "Why", cut: true, cell: (run) => <RunText text={whyOf(run) ?? ""} /> },
} as const satisfies Readonly<Record<string, Column>>;
export type ColumnName = keyof typeof columns;

export const columnNames = Object.keys(columns) as ColumnName[];
export const columnOf = (name: ColumnName): Column => columns[name];
export const usualColumns: readonly ColumnName[] = [
  "kind",
  "user",
  "progress",
  "took",
  "attempt",
  "made",
  "why",
];

/** A run's outcome in a number: its score, its loss, or the depths that it found. */
function resultOf(result: Run["result"]): string | undefined {
  if (!result) return undefined;
  if ("scores" in result && result.scores.length > 0) return `score ${points(scoreOf(result.scores)!)}`;
  if ("lastLoss" in result) return `loss ${number(result.lastLoss)}`;
  if ("lossByLayer" in result) return `depths ${result.small ?? "–"}, ${result.large ?? "–"}`;
  return undefined;
}

export const stateCell = (run: Run): ReactNode => (
  <StateBadge state={run.state} title={run.cancelledBy && `Cancelled by ${run.cancelledBy.user}`} />
);
