import { setTimeout as sleep } from "node:timers/promises";
import { isProblem } from "@espalier/contract";

/** Whether the service, or what it stands on, was away: the same request may succeed soon. */
export const isTransient = (error: unknown): boolean => isProblem(error) && error.status >= 500;

export interface PatienceOptions {
  signal: AbortSignal;
  /** Called once, when waiting begins. */
  note: (line: string) => void;
  /** Default 120. */
  seconds?: number;
}

/** Repeats a request that may be repeated until the service answers it. */
export async function patiently<T>(request: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { signal, note, seconds = 120 } = options;
  const deadline = Date.now() + seconds * 1000;
  for (let noted = false; ; noted = true) {
    try {
      return await request();
    } catch (error) {
      if (!isTransient(error) || Date.now() > deadline) throw error;
      if (!noted) note("the service does not answer; waiting for it");
      await sleep(500, undefined, { signal });
    }
  }
}
