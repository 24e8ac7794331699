import type { History } from "@espalier/scheduler";

/** Durations that are remembered of each key: recent ones say more than many (Tsafrir et al. 2007). */
const remembered = 20;

/** What finished jobs have taken, as the service would know it at the time: nothing about jobs that still run. */
export class Estimates {
  readonly #recent = new Map<string, number[]>();
  readonly #history = new Map<string, History>();

  learn(keys: readonly string[], durationMs: number): void {
    for (const key of keys) {
      const recent = this.#recent.get(key) ?? [];
      recent.push(durationMs);
      if (recent.length > remembered) recent.shift();
      this.#recent.set(key, recent);
      const sorted = [...recent].sort((a, b) => a - b);
      const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
      this.#history.set(key, {
        key,
        samples: recent.length,
        duration: { earliest: at(0.1), likely: at(0.5), latest: at(0.9) },
        memoryRatio: null,
      });
    }
  }

  list(): History[] {
    return [...this.#history.values()];
  }
}
