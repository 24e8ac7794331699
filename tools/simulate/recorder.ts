import { accrued, type Usage } from "@espalier/scheduler";
import { usageHalfLifeMs } from "../../packages/contract/src/index.ts";
import type { Job, Trace } from "./job.ts";

const hour = 3_600_000;
const buckets = 72;

/** J(x) = (Σx)² / (n Σx²): 1 when all are equal, 1/n when one has everything (Jain, Chiu and Hawe 1984). */
export function jain(values: readonly number[]): number {
  const sum = values.reduce((total, each) => total + each, 0);
  const squares = values.reduce((total, each) => total + each * each, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

/** What a simulation measures as it goes. Utilisation counts until the last job comes in, fairness as long as teams wait. */
export class Recorder {
  readonly #trace: Trace;
  readonly #devices: number;
  readonly #endsAt: number;
  readonly #teams: Map<string, { usage: Usage; units: number; waiting: number; waitedSince: number | null }>;
  /** Device ms in use, those of them whose work was lost, and run ms waiting, in each of the equal parts of the time until the last job. */
  readonly #busy = new Float64Array(buckets);
  readonly #lost = new Float64Array(buckets);
  readonly #queue = new Float64Array(buckets);
  #now = 0;
  #units = 0;
  #waiting = 0;
  #nextSample = hour;
  readonly #fairness: number[] = [];

  constructor(trace: Trace, devices: number) {
    this.#trace = trace;
    this.#devices = devices;
    this.#endsAt = Math.max(1, trace.jobs.at(-1)?.submittedAt ?? 1);
    this.#teams = new Map(
      [...trace.teams.keys()].map((team) => [
        team,
        { usage: { deviceSeconds: 0, at: 0 }, units: 0, waiting: 0, waitedSince: null },
      ]),
    );
  }

  /** Brings everything up to an instant; before anything changes there. */
  advance(now: number): void {
    while (this.#nextSample <= now) {
      this.#sample(this.#nextSample);
      this.#nextSample += hour;
    }
    this.#spread(this.#now, now, (bucket, ms) => {
      this.#busy[bucket]! += this.#units * ms;
      this.#queue[bucket]! += this.#waiting * ms;
    });
    this.#now = Math.max(this.#now, now);
  }

  /** What was computed on these devices in this time has to be computed again, or was no work at all. */
  loses(units: number, from: number, until: number): void {
    this.#spread(from, until, (bucket, ms) => (this.#lost[bucket]! += units * ms));
  }

  /** The parts of a time, as far as it lies before the last job came in. */
  #spread(start: number, stop: number, add: (bucket: number, ms: number) => void): void {
    const width = this.#endsAt / buckets;
    const end = Math.min(stop, this.#endsAt);
    for (let from = start; from < end;) {
      const bucket = Math.min(buckets - 1, Math.floor(from / width));
      const until = bucket === buckets - 1 ? end : Math.min(end, (bucket + 1) * width);
      if (until <= from) break;
      add(bucket, until - from);
      from = until;
    }
  }

  waits({ team, class: name }: Job, change: 1 | -1): void {
    this.#waiting += change;
    if (name === "idle") return;
    const state = this.#teams.get(team)!;
    state.waiting += change;
    if (state.waiting === 0) state.waitedSince = null;
    else state.waitedSince ??= this.#now;
  }

  holds(team: string, units: number): void {
    const state = this.#teams.get(team)!;
    state.usage = accrued(state.usage, state.units, this.#now, usageHalfLifeMs);
    state.units += units;
    this.#units += units;
  }

  /** Compares the teams that had more than idle runs waiting for the whole last hour: what they had of late, by weight. */
  #sample(at: number): void {
    const served: number[] = [];
    for (const [team, { usage, units, waitedSince }] of this.#teams) {
      if (waitedSince === null || waitedSince > at - hour) continue;
      const { deviceSeconds } = accrued(usage, units, at, usageHalfLifeMs);
      served.push(deviceSeconds / this.#trace.teams.get(team)!.weight);
    }
    if (served.length >= 2) this.#fairness.push(jain(served));
  }

  result(): {
    /** Share of the devices in use, and in use for work that was not lost. */
    utilisation: number;
    usefulUtilisation: number;
    fairness: number | null;
    contendedHours: number;
    utilisationOverTime: number[];
    waitingOverTime: number[];
  } {
    const width = this.#endsAt / buckets;
    const total = this.#busy.reduce((sum, each) => sum + each, 0);
    const lost = this.#lost.reduce((sum, each) => sum + each, 0);
    const fairness = this.#fairness.reduce((sum, each) => sum + each, 0) / this.#fairness.length;
    return {
      utilisation: total / (this.#endsAt * this.#devices),
      usefulUtilisation: (total - lost) / (this.#endsAt * this.#devices),
      fairness: this.#fairness.length > 0 ? fairness : null,
      contendedHours: this.#fairness.length,
      utilisationOverTime: Array.from(this.#busy, (each) => each / (width * this.#devices)),
      waitingOverTime: Array.from(this.#queue, (each) => each / width),
    };
  }
}
