import {
  Heap,
  plan,
  type Decisions,
  type Device,
  type History,
  type QueuedRun,
  type Reservation,
  type RunningRun,
  type Snapshot,
} from "@espalier/scheduler";
import { Estimates } from "./estimates.ts";
import { partsOf, type Job, type Trace } from "./job.ts";
import { Recorder } from "./recorder.ts";
import { Sortable } from "./sortable.ts";
import { Spending } from "./spending.ts";
import type { View } from "./views.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A job, or its part on one machine, as it goes through the pool. */
interface Live {
  readonly job: Job;
  readonly id: string;
  readonly queued: QueuedRun;
  running: Mutable<RunningRun> | null;
  /** Work that is saved, in ms. */
  doneMs: number;
  /** Device units held now. */
  units: number;
  firstStart: number | null;
  lastStart: number | null;
  endedAt: number | null;
  /** When it computes what it has not computed before: it has to start again first. */
  worksFrom: number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly live: Live;
  readonly kind: "end" | "stop";
  /** The run that it is about; a later one of the same job is another. */
  readonly running: RunningRun;
}

export interface SimulationOptions {
  trace: Trace;
  devices: readonly Device[];
  view: View;
  /** Least time between two passes; default 30 s. What happens meanwhile is decided in one. */
  passMs?: number;
  /** What a run that was preempted needs to start again before it works; default: nothing. */
  restartMs?: number;
  /** Each job's limit of wall time, as a multiple of what it takes, anew at each start; default: no limits. */
  limits?: number | undefined;
  /** Sees every pass. */
  observe?: (now: number, snapshot: Snapshot, decisions: Decisions) => void;
}

/** In ms from the submission. */
export interface JobTimes {
  firstStart: number;
  /** A preempted run starts again; of a job of several machines it is that of the last part. */
  lastStart: number;
  end: number;
}

export interface Outcome {
  /** Of each job that ended. */
  times: ReadonlyMap<Job, JobTimes>;
  /** Jobs that never started: no worker can take them. */
  unstarted: readonly Job[];
  preemptions: number;
  lostDeviceSeconds: number;
  passes: number;
  /** When the last job ended. */
  makespanMs: number;
  recorded: ReturnType<Recorder["result"]>;
}

/** Without anything happening, time alone is looked at this often: runs age, and predictions prove too short. */
const idlePassMs = 10 * 60_000;

/**
 * Carries a trace through the real plan in virtual time. A run takes its duration whoever is beside it; one that is
 * asked to stop does so at the end of its grace time and loses what it did since its last checkpoint, as if saving
 * always came too late; when it starts again, it needs a while before it works.
 */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #events: Heap<Event>;
  readonly #lives: Map<string, Live>;
  readonly #parts = new Map<Job, Live[]>();
  readonly #queued: QueuedRun[] = [];
  readonly #places = new Map<string, number>();
  readonly #running = new Sortable<Mutable<RunningRun>>();
  readonly #estimates = new Estimates();
  /** By job, what an oracle knows of those that wait or run. */
  readonly #foreseen = new Map<string, History>();
  readonly #spending: Spending;
  readonly #recorder: Recorder;
  #reservations: readonly Reservation[] = [];
  #now = 0;
  #order = 0;
  #preemptions = 0;
  #lostDeviceSeconds = 0;
  #passes = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { trace, devices, view, limits } = options;
    this.#events = new Heap<Event>((a, b) => (a.at !== b.at ? a.at < b.at : a.order < b.order));
    this.#recorder = new Recorder(trace, devices.length);
    this.#spending = new Spending(view.heedsTeams ? trace.teams : new Map());
    this.#lives = new Map(
      trace.jobs.flatMap((job) =>
        partsOf(job).map((part, i, parts) => {
          const id = parts.length === 1 ? job.id : `${job.id}.${i}`;
          const queued: QueuedRun = {
            id,
            teamId: view.team(job),
            userId: view.user(job),
            class: view.class(job),
            priority: view.priority(job),
            queuedAt: job.submittedAt,
            notBefore: null,
            needs: {
              devices: part,
              kinds: [],
              labels: [],
              memoryBytes: job.memoryBytes,
              shares: job.shares,
            },
            ...(limits === undefined ? {} : { wallMs: limits * job.durationMs }),
            historyKeys: view.isOracle ? [id] : [`${view.user(job)}/${job.devices}`, view.user(job), "all"],
          };
          const times = { firstStart: null, lastStart: null, endedAt: null, worksFrom: 0 };
          return [id, { job, id, queued, running: null, doneMs: 0, units: 0, ...times }] as const;
        }),
      ),
    );
    for (const live of this.#lives.values())
      this.#parts.set(live.job, [...(this.#parts.get(live.job) ?? []), live]);
  }

  run(): Outcome {
    const { passMs = 30_000, trace } = this.#options;
    let arrival = 0;
    let passed = -Infinity;
    let changed = false;
    for (;;) {
      const next = Math.min(
        trace.jobs[arrival]?.submittedAt ?? Infinity,
        this.#events.peek()?.at ?? Infinity,
        changed
          ? Math.max(this.#now, passed + passMs)
          : this.#queued.length > 0
            ? passed + idlePassMs
            : Infinity,
      );
      // Nothing runs, nothing comes, and the last pass started nothing: it will not be different later.
      const stuck =
        !changed &&
        arrival === trace.jobs.length &&
        this.#events.size === 0 &&
        this.#running.items.length === 0;
      if (next === Infinity || stuck) break;
      this.#recorder.advance(next);
      this.#now = next;
      for (; arrival < trace.jobs.length && trace.jobs[arrival]!.submittedAt <= next; arrival++) {
        for (const part of this.#parts.get(trace.jobs[arrival]!)!) this.#enqueue(part);
        changed = true;
      }
      while ((this.#events.peek()?.at ?? Infinity) <= next)
        changed = this.#handle(this.#events.pop()!) || changed;
      const due = changed ? passed + passMs : passed + idlePassMs;
      if (this.#queued.length > 0 && next >= due) {
        this.#pass();
        passed = next;
        changed = false;
      } else if (this.#queued.length === 0) changed = false;
    }
    const jobs = [...this.#parts];
    return {
      times: new Map(
        jobs.flatMap(([job, parts]) =>
          parts.every(({ endedAt }) => endedAt !== null) ? [[job, timesOf(job, parts)] as const] : [],
        ),
      ),
      unstarted: jobs.flatMap(([job, parts]) =>
        parts.some(({ firstStart }) => firstStart === null) ? job : [],
      ),
      preemptions: this.#preemptions,
      lostDeviceSeconds: this.#lostDeviceSeconds,
      passes: this.#passes,
      makespanMs: this.#now,
      recorded: this.#recorder.result(),
    };
  }

  #enqueue(live: Live): void {
    if (this.#options.view.isOracle) this.#foreseen.set(live.id, this.#foresee(live));
    this.#places.set(live.id, this.#queued.push(live.queued) - 1);
    this.#recorder.waits(live.job, 1);
  }

  #foresee(live: Live): History {
    const left = this.#leftMs(live);
    const samples = this.#options.view.policy.minSamples;
    const duration = { earliest: left, likely: left, latest: left };
    return { key: live.id, samples, duration, memoryRatio: null };
  }

  /** The order of the queue is the plan's business, so the last one fills the gap. */
  #dequeue(live: Live): void {
    const place = this.#places.get(live.id)!;
    this.#places.delete(live.id);
    const last = this.#queued.pop()!;
    if (last.id !== live.id) {
      this.#queued[place] = last;
      this.#places.set(last.id, place);
    }
    this.#recorder.waits(live.job, -1);
  }

  #pass(): void {
    const { devices, view } = this.#options;
    for (const running of this.#running.items) {
      const live = this.#lives.get(running.id)!;
      const worked = Math.max(0, this.#now - live.worksFrom);
      running.secondsSinceCheckpoint = (worked % live.job.checkpointMs) / 1000;
    }
    const { teams, users } = this.#spending.at(this.#now);
    const snapshot: Snapshot = {
      now: this.#now,
      devices,
      queued: this.#queued,
      running: this.#running.items,
      teams,
      users,
      history: view.isOracle ? [...this.#foreseen.values()] : this.#estimates.list(),
      reservations: this.#reservations,
    };
    const decisions = plan(snapshot, view.policy);
    this.#options.observe?.(this.#now, snapshot, decisions);
    this.#passes++;
    this.#reservations = decisions.reservations;
    for (const { runId, graceMs } of decisions.preemptions) this.#ask(this.#lives.get(runId)!, graceMs);
    for (const start of decisions.starts) this.#start(this.#lives.get(start.runId)!, start);
  }

  #leftMs({ job, doneMs }: Live): number {
    return job.durationMs - doneMs;
  }

  #start(live: Live, { allocations, borrowing, aged }: Decisions["starts"][number]): void {
    const { job, id, queued } = live;
    this.#dequeue(live);
    live.worksFrom = this.#now + (live.firstStart === null ? 0 : (this.#options.restartMs ?? 0));
    live.firstStart ??= this.#now;
    live.lastStart = this.#now;
    live.running = {
      id,
      teamId: queued.teamId,
      userId: queued.userId,
      class: queued.class,
      state: "running",
      startedAt: this.#now,
      stopsBy: null,
      allocations,
      shares: job.shares && job.memoryBytes !== null,
      ...(queued.wallMs === undefined ? {} : { wallMs: queued.wallMs }),
      historyKeys: queued.historyKeys,
      secondsSinceCheckpoint: 0,
      borrowing,
      aged,
    };
    this.#running.add(live.running);
    live.units = allocations.reduce((sum, { units }) => sum + units, 0);
    this.#hold(live, live.units);
    this.#schedule(live, "end", live.worksFrom + this.#leftMs(live));
  }

  #ask(live: Live, graceMs: number): void {
    const running = live.running!;
    running.state = "stopping";
    running.stopsBy = this.#now + graceMs;
    this.#schedule(live, "stop", running.stopsBy);
  }

  #schedule(live: Live, kind: Event["kind"], at: number): void {
    this.#events.push({ at, order: this.#order++, live, kind, running: live.running! });
  }

  /** Whether it was about a run that is still there. */
  #handle({ live, kind, running }: Event): boolean {
    if (live.running !== running) return false;
    this.#running.remove(running.id);
    this.#hold(live, -live.units);
    live.running = null;
    const { worksFrom } = live;
    this.#lose(live, running.startedAt, Math.min(worksFrom, this.#now));
    if (kind === "end") {
      live.endedAt = this.#now;
      this.#estimates.learn(live.queued.historyKeys, live.job.durationMs);
      this.#foreseen.delete(live.id);
      return true;
    }
    const worked = Math.max(0, this.#now - worksFrom);
    const lost = worked % live.job.checkpointMs;
    live.doneMs += worked - lost;
    this.#preemptions++;
    this.#lose(live, this.#now - lost, this.#now);
    this.#enqueue(live);
    return true;
  }

  #lose({ units }: Live, from: number, until: number): void {
    this.#lostDeviceSeconds += ((until - from) / 1000) * units;
    this.#recorder.loses(units, from, until);
  }

  #hold({ job, queued }: Live, units: number): void {
    this.#recorder.holds(job.team, units);
    this.#spending.hold(queued, units, this.#now);
  }
}

/** The job goes by its part that was last. */
const timesOf = ({ submittedAt }: Job, parts: readonly Live[]): JobTimes => {
  const last = (at: (part: Live) => number | null): number =>
    Math.max(...parts.map((part) => at(part)!)) - submittedAt;
  return {
    firstStart: last(({ firstStart }) => firstStart),
    lastStart: last(({ lastStart }) => lastStart),
    end: last(({ endedAt }) => endedAt),
  };
};
