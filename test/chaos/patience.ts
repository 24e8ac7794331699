import { setTimeout as sleep } from "node:timers/promises";

/** Polls until `holds`. The limit is for what never happens and not for what is slow. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  { seconds = 180, ms = 100 }: { seconds?: number; ms?: number } = {},
): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !(await holds()); await sleep(ms))
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
}
