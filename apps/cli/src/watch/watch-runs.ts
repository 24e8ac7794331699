import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal, type Event, type Run } from "@espalier/contract";
import { isTransient } from "../service/patience.ts";

export interface WatchOptions {
  /** The runs as the service has them now. */
  load: () => Promise<Run[]>;
  /** Live events; they make the picture move between loads. */
  events: (signal: AbortSignal) => AsyncIterable<Event>;
  /** Called whenever something may have changed. */
  show: (runs: readonly Run[]) => void;
  note: (line: string) => void;
  signal: AbortSignal;
  /** Seconds that the service may stay away before the watch gives up; default 120. */
  patience?: number;
}

const pollEvery = 5_000;
/** States change in bursts: one load serves them all. */
const burst = 100;

/**
 * Watches until every run is terminal. What is loaded is the truth; events only bring it sooner, so a lost event or a
 * restarted service costs seconds. Aborting `signal` rejects with its reason.
 * @returns the runs as they ended
 */
export async function watchRuns(options: WatchOptions): Promise<Run[]> {
  const { load, events, show, note, signal, patience = 120 } = options;
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  let runs: Run[] = [];
  let woken = new AbortController();

  const follow = async (): Promise<void> => {
    for await (const event of events(stop)) {
      const known = runs.some(({ id }) => id === event.runId);
      runs = runs.map((run) => (run.id === event.runId ? apply(run, event) : run));
      if (known) show(runs);
      if (event.type === "run.state") woken.abort();
    }
  };
  // Runs are still loaded every few seconds when the stream of events breaks.
  const following = follow().catch(() => undefined);

  try {
    let awaySince: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      try {
        runs = await load();
        if (awaySince !== undefined) note("the service answers again");
        awaySince = undefined;
        show(runs);
        if (runs.length > 0 && runs.every(({ state }) => isTerminal(state))) return runs;
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (awaySince === undefined) note("the service does not answer; waiting for it");
        awaySince ??= Date.now();
        if (Date.now() - awaySince > patience * 1000) throw error;
      }
      const pause = awaySince === undefined ? pollEvery : 500;
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(
        () => undefined,
      );
      if (!woken.signal.aborted) continue;
      woken = new AbortController();
      await sleep(burst);
    }
  } finally {
    done.abort();
    await following;
  }
}

function apply(run: Run, event: Event): Run {
  if (
    event.type === "run.waiting" ||
    event.type === "run.changed" ||
    event.attempt < run.attempt ||
    isTerminal(run.state)
  )
    return run;
  const { attempt } = event;
  if (event.type === "run.progress") return { ...run, state: "RUNNING", attempt, progress: event.progress };
  const { progress, ...rest } = run;
  return {
    ...rest,
    state: event.state,
    attempt,
    // The progress of an earlier attempt says nothing about this one.
    ...(progress && attempt === run.attempt ? { progress } : {}),
    ...(event.state === "RUNNING" ? { startedAt: event.at } : {}),
    ...(isTerminal(event.state) ? { endedAt: event.at } : {}),
  };
}
