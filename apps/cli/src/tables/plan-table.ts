import { explainUnblock, type Plan, type PlannedRun } from "@espalier/contract";
import { formatBytes, formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import { wrap } from "../terminal/wrap.ts";
import { startsIn } from "./queue-table.ts";

/** A plan as lines: the runs with what they need, when they would start and what would hold them back, and a line for all. */
export function planLines(plan: Plan, columns: number): string[] {
  if (plan.runs.length === 0)
    return ["nothing would be computed, as all of it is there or under way", ...reusedLines(plan, columns)];
  const now = Date.parse(plan.at);
  const [title = "", ...rows] = formatTable(plan.runs, [
    {
      title: "WOULD RUN",
      value: ({ kind, role, variant }) => [variant, role ?? kind].filter(Boolean).join(" "),
    },
    {
      title: "MEMORY",
      value: ({ memoryBytes }) => (memoryBytes === undefined ? "–" : formatBytes(memoryBytes)),
      align: "right",
    },
    { title: "FITS", value: ({ fitting }) => devices(fitting), align: "right" },
    { title: "STARTS", value: ({ expectedStart }) => startsIn(expectedStart, now) },
    { title: "TAKES", value: takes },
    { title: "DEVICE HOURS", value: ({ deviceHours }) => hours(deviceHours), align: "right" },
  ]);
  const told = new Set<string>();
  const lines = plan.runs.flatMap((run, i) => [
    rows[i]!,
    // Runs of an experiment wait for the same, which is said once.
    ...beneath(run)
      .filter((sentence) => !told.has(sentence) && told.add(sentence))
      .flatMap((sentence) => wrap(sentence, columns, "    ")),
  ]);
  return [title, ...lines, ...reusedLines(plan, columns), ...wrap(summary(plan, now), columns, "")];
}

/** What would not be computed, because it is there, or is being computed. */
function reusedLines({ reused = [] }: Plan, columns: number): string[] {
  const of = (title: string, runs: typeof reused) =>
    runs.length === 0
      ? []
      : wrap(
          `${title}: ${runs.map(({ variant, role, runId }) => `${[variant, role].filter(Boolean).join(" ")} (${runId})`).join(", ")}`,
          columns,
          "",
        );
  const isFailed = ({ state }: (typeof reused)[number]) => state === "FAILED" || state === "QUARANTINED";
  return [
    ...of(
      "there already",
      reused.filter(({ state }) => state === "SUCCEEDED"),
    ),
    ...of("goes on where it failed", reused.filter(isFailed)),
    ...of(
      "under way",
      reused.filter((run) => run.state !== "SUCCEEDED" && !isFailed(run)),
    ),
  ];
}

function beneath({ waiting, makesRoom, fitting }: PlannedRun): string[] {
  // A run that needs another one waits for it as a matter of course.
  if (waiting === undefined || waiting.reason.code === "dependency") return [];
  const helps = waiting.unblockedBy.map(explainUnblock);
  return [
    `${waiting.reason.code}: ${waiting.detail}`,
    ...(helps.length > 0 && fitting === 0 ? [`→ when ${helps.join(", or when ")}`] : []),
    ...(makesRoom === undefined
      ? []
      : [`makes room: ${leaving(makesRoom)} would be asked to save and leave`]),
  ];
}

function leaving({ runIds, others = 0 }: NonNullable<PlannedRun["makesRoom"]>): string {
  const foreign = others === 1 ? "a run of another team" : `${others} runs of other teams`;
  return [...runIds, ...(others > 0 ? [foreign] : [])].join(", ");
}

function summary({ start, end, deviceHours, runs }: Plan, now: number): string {
  const when =
    end === undefined
      ? "it would not end as the pool is now"
      : `likely done in ${formatDuration(Date.parse(end) - Math.min(now, Date.parse(start ?? end)))}`;
  return `${runs.length} ${runs.length === 1 ? "run" : "runs"}, ${when}, ${hours(deviceHours)} device hours${about(runs)}`;
}

/** On what the least sure of the durations rests. */
function about(runs: readonly PlannedRun[]): string {
  const has = (basis: PlannedRun["basis"]) => runs.some((run) => run.basis === basis);
  if (has("nothing")) return "; a guess, as the size of its model is not known yet";
  if (has("usual-pace"))
    return "; about, by steps, texts and model on a usual host, as no such run has ended here yet";
  if (has("rate")) return "; about, by steps, texts and model at the measured speed of the devices";
  return has("pace") ? "; about, by steps, texts and model at the pace of runs that have ended here" : "";
}

const devices = (count: number): string => (count === 1 ? "1 device" : `${count} devices`);
const hours = (value: number): string => (value < 0.01 ? "< 0.01" : value.toFixed(2));

/** `2m 0s–5m 0s`, and for what was derived `about 3m 0s`, with a `~` where nothing was measured. */
function takes({ duration: { earliest, likely, latest }, basis }: PlannedRun): string {
  const [from, middle, to] = [earliest, likely, latest].map((seconds) => formatDuration(seconds * 1000));
  if (basis === "pace" || basis === "rate") return `about ${middle}`;
  if (basis === "usual-pace") return `~${middle}`;
  return `${basis === "nothing" ? "~" : ""}${from === to ? to : `${from}–${to}`}`;
}
