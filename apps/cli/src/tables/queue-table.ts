import type { ExpectedStart, QueueEntry, Waiting } from "@espalier/contract";
import { formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

/** The queue as lines: whose, what, why and when. */
export const queueLines = (entries: readonly QueueEntry[], now: number): string[] =>
  formatTable(entries, [
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
    { title: "WHY", value: ({ own, waiting }) => (own ? why(waiting) : "–") },
  ]);

const why = (waiting: Waiting | undefined): string =>
  waiting ? `${waiting.reason.code}: ${waiting.detail}` : "not planned yet";

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
