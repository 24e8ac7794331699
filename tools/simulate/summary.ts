import { priorityClasses } from "../../packages/contract/src/index.ts";
import type { Job, Trace } from "./job.ts";
import type { Outcome } from "./simulation.ts";
import type { PolicyName } from "./views.ts";

/** Statistics of the time from submission to the first start, in minutes. */
export interface Waits {
  readonly jobs: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Summary {
  readonly policy: PolicyName;
  readonly waits: Waits;
  readonly byClass: Readonly<Record<string, Waits>>;
  readonly byTeam: Readonly<Record<string, Waits>>;
  /** Share of the devices in use until the last job came in. */
  readonly utilisation: number;
  /** Mean Jain index over the hours in which two teams or more waited; null: there was none. */
  readonly fairness: number | null;
  readonly contendedHours: number;
  readonly preemptions: number;
  readonly lostDeviceHours: number;
  readonly passes: number;
  readonly makespanHours: number;
  /** In 72 equal parts of the time until the last job came in. */
  readonly utilisationOverTime: readonly number[];
  readonly waitingOverTime: readonly number[];
}

const minute = 60_000;
const hour = 60 * minute;

export function waitsOf(values: readonly number[]): Waits {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / minute;
  const sum = sorted.reduce((total, each) => total + each, 0);
  return {
    jobs: sorted.length,
    mean: sorted.length > 0 ? sum / sorted.length / minute : 0,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: at(1),
  };
}

export function summaryOf(policy: PolicyName, trace: Trace, outcome: Outcome): Summary {
  const { waits, recorded } = outcome;
  const of = (matches: (job: Job) => boolean): Waits =>
    waitsOf([...waits].flatMap(([job, wait]) => (matches(job) ? wait : [])));
  const classes = priorityClasses.filter((name) => trace.jobs.some((job) => job.class === name));
  return {
    policy,
    waits: waitsOf([...waits.values()]),
    byClass: Object.fromEntries(classes.map((name) => [name, of((job) => job.class === name)])),
    byTeam: Object.fromEntries([...trace.teams.keys()].map((team) => [team, of((job) => job.team === team)])),
    preemptions: outcome.preemptions,
    lostDeviceHours: outcome.lostDeviceSeconds / 3600,
    passes: outcome.passes,
    makespanHours: outcome.makespanMs / hour,
    ...recorded,
  };
}
