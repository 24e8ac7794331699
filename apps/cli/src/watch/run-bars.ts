import { isTerminal, type Run } from "@espalier/contract";
import { formatBytes, formatDuration } from "../terminal/format.ts";
import type { Bar } from "../terminal/progress-bars.ts";

/** `train small`, or the kind alone outside an experiment. */
export const runLabel = (run: Run): string => (run.variant ? `${run.kind} ${run.variant}` : run.kind);

const stages = ["import", "search", "prune", "evaluate", "train", "evaluate trained", "export"];

/** One bar per run, in the order of the work: the search, then each variant from its pruning to its last evaluation. */
export function runBars(runs: readonly Run[]): Bar[] {
  const variants = [...new Set(runs.map(({ variant }) => variant ?? ""))].sort(byWeight);
  return runs
    .map((run) => ({ run, stage: stageOf(run, runs) }))
    .sort(
      (a, b) =>
        variants.indexOf(a.run.variant ?? "") - variants.indexOf(b.run.variant ?? "") ||
        stages.indexOf(a.stage) - stages.indexOf(b.stage),
    )
    .map(({ run, stage }) => barOf(run, run.variant ? `${run.variant}: ${stage}` : stage));
}

/** `none` before `large` before `small`; other depths behind them, by number. */
function byWeight(a: string, b: string): number {
  const known = ["", "none", "large", "small"];
  const [i, j] = [known.indexOf(a), known.indexOf(b)];
  if (i >= 0 && j >= 0) return i - j;
  return i === j ? a.localeCompare(b, "en", { numeric: true }) : j - i;
}

/** The kind of a run; the evaluation of what a training of the same experiment made gets a name of its own. */
function stageOf({ kind, spec }: Run, runs: readonly Run[]): string {
  if (spec.kind !== "evaluate" || typeof spec.model !== "object") return kind;
  const { run: source } = spec.model;
  return runs.some(({ id, kind }) => id === source && kind === "train") ? "evaluate trained" : kind;
}

function barOf(run: Run, label: string): Bar {
  if (run.state === "SUCCEEDED") return { label, fraction: 1, text: `done in ${lasted(run)}`, ended: true };
  if (isTerminal(run.state))
    return {
      label,
      text: `${run.state.toLowerCase()}${run.problem ? `: ${run.problem.detail}` : ""}`,
      ended: true,
    };
  if (run.state !== "RUNNING") return { label, text: run.state.toLowerCase() };
  const attempt = run.attempt > 1 ? ` · attempt ${run.attempt}` : "";
  if (!run.progress) return { label, text: `starting${attempt}` };
  const { phase, done, total, unit } = run.progress;
  const count =
    total === 0
      ? ""
      : unit === "bytes"
        ? ` ${formatBytes(done)} of ${formatBytes(total)}`
        : ` ${number(done)}/${number(total)} ${unit}`;
  return {
    label,
    fraction: total > 0 ? done / total : undefined,
    text: `${phase}${count} · ${lasted(run)}${attempt}`,
  };
}

const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));

function lasted({ startedAt, endedAt }: Run): string {
  const end = endedAt === undefined ? Date.now() : Date.parse(endedAt);
  return startedAt === undefined ? "0s" : formatDuration(end - Date.parse(startedAt));
}
