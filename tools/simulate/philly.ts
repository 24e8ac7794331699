import { jobId, type Job, type Trace } from "./job.ts";
import type { TextRecord } from "./records.ts";

/** A record that gives no job, and why. */
export interface Skipped {
  readonly number: number;
  readonly line: number;
  readonly why: string;
}

/** Nothing is known of when these jobs saved; it matters only to runs that are preempted. */
const checkpointMs = 30 * 60_000;

/**
 * Jobs of `cluster_job_log` of the Philly traces (https://github.com/msr-fiddle/philly-traces, "Schema"): a virtual
 * cluster is a team, its GPUs on each machine are one gang, and a job takes as long as its attempts together. What has no finished
 * attempt, no GPUs or no usable times is skipped; such records are in the published file.
 */
export async function readPhilly(
  records: AsyncIterable<TextRecord>,
): Promise<{ trace: Trace; records: number; skipped: Skipped[] }> {
  const skipped: Skipped[] = [];
  const found: { submittedAt: number; number: number; job: Omit<Job, "id" | "submittedAt"> }[] = [];
  let count = 0;
  for await (const { number, line, text } of records) {
    count = number;
    try {
      const { submittedAt, job } = jobOf(JSON.parse(text));
      found.push({ submittedAt, number, job });
    } catch (error) {
      const why = error instanceof SyntaxError ? "not JSON" : (error as Error).message;
      skipped.push({ number, line, why });
    }
  }
  found.sort((a, b) => a.submittedAt - b.submittedAt || a.number - b.number);
  const first = found[0]?.submittedAt ?? 0;
  const jobs = found.map(({ submittedAt, job }, i) => ({
    ...job,
    id: jobId(i),
    submittedAt: submittedAt - first,
  }));
  const teams = [...new Set(jobs.map(({ team }) => team))].sort();
  return {
    trace: { jobs, teams: new Map(teams.map((team) => [team, { weight: 1, quota: null }])) },
    records: count,
    skipped,
  };
}

function jobOf(record: unknown): { submittedAt: number; job: Omit<Job, "id" | "submittedAt"> } {
  const { vc, user, submitted_time: submitted, attempts } = fieldsOf(record, "record");
  if (typeof vc !== "string" || typeof user !== "string") throw new Error("no vc or user");
  const submittedAt = timeOf(submitted);
  if (submittedAt === null) throw new Error("no submitted_time");
  if (!Array.isArray(attempts)) throw new Error("no list of attempts");
  let durationMs = 0;
  let machines: readonly number[] = [];
  for (const attempt of attempts) {
    const { start_time: start, end_time: end, detail } = fieldsOf(attempt, "attempt");
    const gpus = gpusOf(detail);
    if (machines.length === 0) machines = gpus;
    const [from, until] = [timeOf(start), timeOf(end)];
    if (from === null || until === null || gpus.length === 0) continue;
    if (until < from) throw new Error("an attempt ends before it starts");
    durationMs += until - from;
  }
  if (attempts.length === 0) throw new Error("never started");
  if (machines.length === 0) throw new Error("no GPUs");
  if (durationMs === 0) throw new Error("no attempt with both times");
  const devices = machines.reduce((sum, each) => sum + each, 0);
  const job = { team: vc, user, class: "normal", durationMs, devices, checkpointMs } as const;
  const several = machines.length > 1 ? { machines } : {};
  return { submittedAt, job: { ...job, ...several, memoryBytes: null, shares: false } };
}

function fieldsOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`the ${name} is not an object`);
  return value as Record<string, unknown>;
}

/** GPUs on each machine that has any. */
function gpusOf(detail: unknown): number[] {
  if (!Array.isArray(detail)) return [];
  return detail.flatMap((machine) => {
    const { gpus } = fieldsOf(machine, "machine");
    return Array.isArray(gpus) && gpus.length > 0 ? gpus.length : [];
  });
}

/** `2017-10-07 01:12:09`, whatever the zone, in ms; null where the log has none (null, "" or "None"). */
function timeOf(value: unknown): number | null {
  if (value === null || value === undefined || value === "" || value === "None") return null;
  const match = typeof value === "string" ? /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(value) : null;
  const at = match ? Date.parse(`${match[1]}T${match[2]}Z`) : NaN;
  if (Number.isNaN(at)) throw new Error("a time is not like 2017-10-07 01:12:09");
  return at;
}
