import { priorityClasses } from "../../packages/contract/src/index.ts";
import { partsOf, type Job, type Trace } from "./job.ts";
import type { JobTimes, Outcome } from "./simulation.ts";
import type { PolicyName } from "./views.ts";

/** Statistics of one figure over jobs. */
export interface Spread {
  readonly jobs: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What jobs have met with. Times are in minutes from the submission. */
export interface Figures {
  /** Until the first start. It flatters preemption: whoever starts at once may be sent away at once. */
  readonly firstWaits: Spread;
  /** Until the last start, after which the job ran to its end. */
  readonly waits: Spread;
  /** Until the end. */
  readonly turnaround: Spread;
  /** Turnaround / duration, with 10 s for shorter jobs: the bounded slowdown (Feitelson and Rudolph 1998). */
  readonly slowdown: Spread;
}

export interface Summary extends Figures {
  readonly policy: PolicyName;
  readonly byClass: Readonly<Record<string, Figures>>;
  readonly byTeam: Readonly<Record<string, Figures>>;
  /** Jobs of several machines, whose parts are runs of their own. */
  readonly severalMachines: number;
  /** Share of the devices in use until the last job came in. */
  readonly utilisation: number;
  /** The same without what was computed in vain, and without what starting again took. */
  readonly usefulUtilisation: number;
  /** Mean Jain index over the hours in which two teams or more waited; null: there was none. */
  readonly fairness: number | null;
  readonly contendedHours: number;
  readonly preemptions: number;
  /** Computed after the last checkpoint before a preemption, or spent on starting again. */
  readonly lostDeviceHours: number;
  readonly passes: number;
  readonly makespanHours: number;
  /** In 72 equal parts of the time until the last job came in. */
  readonly utilisationOverTime: readonly number[];
  readonly waitingOverTime: readonly number[];
}

const minute = 60_000;
const hour = 60 * minute;
/** No slowdown is told of jobs that are shorter: they count as this long. */
const shortestMs = 10_000;

export function spreadOf(values: readonly number[], unit = minute): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / unit;
  const sum = sorted.reduce((total, each) => total + each, 0);
  return {
    jobs: sorted.length,
    mean: sorted.length > 0 ? sum / sorted.length / unit : 0,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: at(1),
  };
}

const figuresOf = (jobs: readonly (readonly [Job, JobTimes])[]): Figures => {
  const of = (value: (times: JobTimes, job: Job) => number, unit?: number): Spread =>
    spreadOf(
      jobs.map(([job, times]) => value(times, job)),
      unit,
    );
  return {
    firstWaits: of(({ firstStart }) => firstStart),
    waits: of(({ lastStart }) => lastStart),
    turnaround: of(({ end }) => end),
    slowdown: of(({ end }, { durationMs }) => Math.max(1, end / Math.max(durationMs, shortestMs)), 1),
  };
};

export function summaryOf(policy: PolicyName, trace: Trace, outcome: Outcome): Summary {
  const jobs = [...outcome.times];
  const of = (matches: (job: Job) => boolean): Figures => figuresOf(jobs.filter(([job]) => matches(job)));
  const classes = priorityClasses.filter((name) => trace.jobs.some((job) => job.class === name));
  return {
    policy,
    ...figuresOf(jobs),
    byClass: Object.fromEntries(classes.map((name) => [name, of((job) => job.class === name)])),
    byTeam: Object.fromEntries([...trace.teams.keys()].map((team) => [team, of((job) => job.team === team)])),
    severalMachines: trace.jobs.filter((job) => partsOf(job).length > 1).length,
    preemptions: outcome.preemptions,
    lostDeviceHours: outcome.lostDeviceSeconds / 3600,
    passes: outcome.passes,
    makespanHours: outcome.makespanMs / hour,
    ...outcome.recorded,
  };
}
