import { explainUnblock, type Blocker, type ExpectedStart, type QueueEntry } from "@espalier/contract";
import { formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import { wrap } from "../terminal/wrap.ts";

const indent = "    ";

/** The queue as lines: what waits and when it starts; beneath each own run whose it is, why it waits, for whom, and what would help. */
export function queueLines(entries: readonly QueueEntry[], now: number, columns: number): string[] {
  const [title = "", ...rows] = formatTable(entries, [
    {
      title: "#",
      value: ({ position }) => (position === undefined ? "–" : String(position)),
      align: "right",
    },
    { title: "RUN", value: ({ runId }) => runId ?? "another team's" },
    {
      title: "KIND",
      value: ({ kind, variant }) => [kind, variant].filter(Boolean).join(" ") || "–",
    },
    { title: "CLASS", value: (entry) => entry.class },
    { title: "WAITS", value: ({ queuedAt }) => formatDuration(now - Date.parse(queuedAt)), align: "right" },
    { title: "STARTS", value: ({ own, waiting }) => (own ? startsIn(waiting?.expectedStart, now) : "–") },
  ]);
  return [title, ...entries.flatMap((entry, i) => [rows[i]!, ...beneath(entry, columns)])];
}

function beneath(entry: QueueEntry, columns: number): string[] {
  if (!entry.own) return [];
  const { model, user, experiment, waiting, blockers = [] } = entry;
  const whose = [model, user && `by ${user}`, experiment && `for ${experiment}`].filter(Boolean).join(" ");
  const helps = (waiting?.unblockedBy ?? []).filter(
    ({ by }) => by !== "worker" || waiting?.reason.code !== "starting",
  );
  const sentences = [
    ...(whose === "" ? [] : [whose]),
    waiting ? `${waiting.reason.code}: ${waiting.detail}` : "not planned yet",
    ...(helps.length === 0 ? [] : [`→ when ${helps.map(explainUnblock).join(", or when ")}`]),
    ...blockers.map((blocker) => `  ${blocker.runId} is ${describe(blocker)}`),
  ];
  return sentences.flatMap((sentence) =>
    wrap(sentence, columns, sentence.startsWith(" ") ? `${indent}  ` : indent),
  );
}

/** `train large, at 162 of 2,552 steps` */
function describe({ kind, variant, state, progress }: Blocker): string {
  const what = [kind, variant].filter(Boolean).join(" ");
  if (progress === undefined || progress.total === 0) return `${what}, ${state.toLowerCase()}`;
  const { phase, done, total, unit } = progress;
  return `${what}, in ${phase} at ${Math.round(done).toLocaleString("en")} of ${Math.round(total).toLocaleString("en")} ${unit}`;
}

/** `in 3–8 min`, `in 2–30 h`, `soon`; `–` where it is not known. */
export function startsIn(expected: ExpectedStart | undefined, now: number): string {
  if (expected === undefined) return "–";
  const earliest = Math.max(0, Date.parse(expected.earliest) - now);
  const latest = Math.max(0, Date.parse(expected.latest) - now);
  if (latest < 60_000) return "soon";
  const [unit, ms] = latest < 2 * hour ? ["min", minute] : latest < 2 * day ? ["h", hour] : ["days", day];
  const [from, to] = [Math.floor(earliest / ms), Math.ceil(latest / ms)];
  return from === to ? `in ${to} ${unit}` : `in ${from}–${to} ${unit}`;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
