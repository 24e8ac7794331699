import { isTerminal, isUnsuccessful, type Attempt, type Run, type Waiting } from "@espalier/contract";
import { defineCommand, type Context } from "../command.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { formatAuthor, formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import { runLabel } from "../watch/run-bars.ts";
import { codeOf, watchRun } from "../watch/watch.ts";
import { reasonLines } from "../tables/failed-run.ts";
import { startsIn } from "../tables/queue-table.ts";
import { sayNext } from "../terminal/next.ts";
import type { Output } from "../terminal/output.ts";
import { runId } from "../service/run-argument.ts";
import { parsePatch } from "../arguments/settings.ts";

/** From the start of a run to its end, or until now. */
export const duration = ({ startedAt, endedAt }: Run): string =>
  startedAt === undefined
    ? "–"
    : formatDuration((endedAt === undefined ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt));

export const runShow = defineCommand({
  name: "run show",
  arguments: "RUN",
  summary: "one run: spec, state, progress, result, attempts",
  examples: ["espalier run show RUN"],
  arity: [1, 1],
  options: {},
  async run({ output, connect }, _values, [given = ""]) {
    const client = connect();
    const id = await runId(client, given);
    const [run, { items: attempts }, { items: artifacts }] = await Promise.all([
      client.runs.get(id),
      client.runs.attempts(id),
      client.runs.artifacts(id),
    ]);
    if (output.json) output.printJson({ ...run, attempts, artifacts });
    else {
      printRun(run, output);
      for (const line of attemptLines(attempts, output.columns())) output.print(line);
    }
    return exitCode.ok;
  },
});

/** Nothing for a run that went well the first time. */
function attemptLines(attempts: readonly Attempt[], width: number): string[] {
  if (attempts.every(({ failure }) => failure === undefined)) return [];
  return formatTable(
    attempts,
    [
      { title: "ATTEMPT", value: ({ number }) => String(number), align: "right" },
      { title: "STATE", value: ({ state }) => state },
      { title: "WORKER", value: ({ worker }) => worker.name },
      { title: "FAILURE", value: ({ failure }) => failure ?? "–" },
      { title: "FROM STEP", value: ({ resumedStep }) => String(resumedStep ?? 0), align: "right" },
      { title: "SAVED", value: ({ checkpointStep }) => String(checkpointStep ?? "–"), align: "right" },
      { title: "LOST STEPS", value: ({ lostSteps }) => String(lostSteps ?? "–"), align: "right" },
      { title: "WHY", value: whyEnded },
    ],
    width,
  );
}

function whyEnded({ state, problem, preempted }: Attempt): string {
  if (state === "RETURNED") return "given back by its worker";
  if (problem) return `${problem.code}: ${problem.detail}`;
  if (preempted === undefined) return "";
  return `made room (${preempted.reason})${preempted.forRunId ? ` for ${preempted.forRunId}` : ""}`;
}

function printRun(run: Run, { print, columns }: Pick<Output, "print" | "columns">): void {
  print(`${run.id}  ${runLabel(run)}  ${run.state}  ${duration(run)}`);
  for (const line of reasonLines(run, columns())) print(line);
  if (run.waiting) printWaiting(run.waiting, print);
  if (run.progress && !isTerminal(run.state))
    print(`${run.progress.phase}: ${run.progress.done} of ${run.progress.total} ${run.progress.unit}`);
  if (run.worker) print(`worker  ${run.worker.name} on ${run.worker.host}`);
  if (run.createdBy) print(`by      ${formatAuthor(run.createdBy)}`);
  if (run.cancelledBy) print(`ended   at the wish of ${formatAuthor(run.cancelledBy)}`);
  print(`spec    ${JSON.stringify(run.spec)}`);
  if (run.result) print(`result  ${JSON.stringify(run.result)}`);
}

function printWaiting(
  { detail, reason, position, expectedStart }: Waiting,
  print: (line: string) => void,
): void {
  const place = position === undefined ? "" : `, number ${position} in the queue`;
  const starts = expectedStart ? `, expected to start ${startsIn(expectedStart, Date.now())}` : "";
  print(`waits${place}${starts}`);
  print(`${reason.code}: ${detail}`);
}

export const runWatch = defineCommand({
  name: "run watch",
  arguments: "RUN",
  summary: "progress until the run ends; Ctrl-C detaches",
  examples: ["espalier run watch RUN"],
  arity: [1, 1],
  options: {},
  run: async (context, _values, [given = ""]) => finish(context, await runId(context.connect(), given)),
});

/** Watches a run and shows how it ended. */
export async function finish(context: Context, id: string): Promise<ExitCode> {
  const { output } = context;
  const watched = await watchRun(context, context.connect(), id);
  const run = watched?.runs[0];
  if (run && output.json) output.printJson(run);
  else if (run) {
    printRun(run, output);
    sayNext(output, ...after(run));
  }
  return codeOf(watched);
}

/** What people do with a run that has ended. */
function after({ id, state, kind, spec }: Run): string[] {
  if (isUnsuccessful(state)) return [`run logs ${id}`, `run retry ${id}`];
  const name = "name" in spec && spec.name !== undefined ? spec.name : undefined;
  if (kind === "search" && spec.kind === "search" && typeof spec.model === "string")
    return [`run submit prune --model ${spec.model} --keep small@${id}`];
  return (kind === "train" || kind === "prune") && name !== undefined
    ? [`export ${name} --out ${name}/`]
    : [];
}

const act = (verb: "cancel" | "retry" | "hold" | "release", summary: string) =>
  defineCommand({
    name: `run ${verb}`,
    arguments: "RUN",
    summary,
    examples: [`espalier run ${verb} RUN`],
    arity: [1, 1],
    options: {},
    async run({ output, connect }, _values, [given = ""]) {
      const client = connect();
      const run = await client.runs[verb](await runId(client, given));
      if (output.json) output.printJson(run);
      else
        output.print(
          `${run.id}  ${run.state}${run.cancelRequestedAt && !isTerminal(run.state) ? " (cancelling)" : run.held ? " (held)" : ""}`,
        );
      return exitCode.ok;
    },
  });

export const runCancel = act("cancel", "end a run");
export const runHold = act("hold", "keep a run that has not started from starting, until it is released");
export const runRelease = act("release", "let a held run start, from its old place in the queue");
export const runRetry = act("retry", "queue a run again that did not succeed");

export const runClone = defineCommand({
  name: "run clone",
  arguments: "RUN",
  summary: "submit a run once more, with changes",
  examples: ["espalier run clone RUN --set settings.steps=100"],
  help: [
    "--set FIELD=VALUE  of the spec, such as settings.steps=100; null takes it out; repeat",
    "--watch            progress until it ends",
  ],
  arity: [1, 1],
  options: { set: { type: "string", multiple: true }, watch: { type: "boolean" } },
  async run(context, { set, watch }, [given = ""]) {
    const client = context.connect();
    const run = await client.runs.clone(await runId(client, given), parsePatch(set));
    if (watch) return finish(context, run.id);
    if (context.output.json) context.output.printJson(run);
    else context.output.print(run.id);
    return exitCode.ok;
  },
});
