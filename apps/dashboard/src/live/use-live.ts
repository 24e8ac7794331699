import { useSyncExternalStore } from "react";
import type { Progress } from "@espalier/contract";
import type { LiveStatus } from "./messages.ts";

export interface Live {
  status: LiveStatus;
  /** When the last event came, or the stream was last known to be live. */
  at: number;
}

/** Runs of which the progress is kept, at most; it is asked for again with the run. */
const mostRuns = 500;

let live: Live = { status: "connecting", at: Date.now() };
const progress = new Map<string, Progress>();
const listeners = new Set<() => void>();
const progressListeners = new Map<string, Set<() => void>>();

export function setLive(status: LiveStatus): void {
  live = { status, at: Date.now() };
  for (const listener of listeners) listener();
}

export function setProgress(runId: string, value: Progress): void {
  progress.delete(runId);
  progress.set(runId, value);
  const [oldest] = progress.keys();
  if (progress.size > mostRuns && oldest !== undefined) progress.delete(oldest);
  for (const listener of progressListeners.get(runId) ?? []) listener();
}

/** What was told of a run's progress is past when its state changes. */
export function forgetProgress(runId: string): void {
  progress.delete(runId);
  for (const listener of progressListeners.get(runId) ?? []) listener();
}

export const useLive = (): Live =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => live,
  );

/** How far a run has come, as it was told last; before that, as the run says. */
export function useProgress(runId: string, known: Progress | undefined): Progress | undefined {
  const told = useSyncExternalStore(
    (listener) => {
      const set = progressListeners.get(runId) ?? new Set();
      progressListeners.set(runId, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) progressListeners.delete(runId);
      };
    },
    () => progress.get(runId),
  );
  return told ?? known;
}
