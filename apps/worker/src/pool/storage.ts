import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming } from "@espalier/contract";
import { DiskSpace, inGigabytes, type DataFolder, type Finding } from "@espalier/store";

export interface StorageOptions {
  dataFolder: Pick<DataFolder, "check">;
  scratchFolder: string;
  /** What must be free for a run, in bytes. */
  leastFreeScratch: number;
  /** Called after each look. */
  onLook: () => void;
  /** Called for each thing that is newly found wrong. */
  onFinding: (finding: Finding) => void;
  onError: (error: unknown) => void;
  /** Seconds between two looks; default: those between two heartbeats. */
  everySeconds?: number;
}

/** Watches what all devices of a worker need: the pool's data folder, and the disk of its scratch folder. */
export class Storage {
  readonly #options: StorageOptions;
  readonly #scratch: DiskSpace;
  readonly #stopped = new AbortController();
  #findings: readonly Finding[] | undefined;
  #looking: Promise<void> | undefined;
  #lookedAt = -Infinity;

  constructor(options: StorageOptions) {
    this.#options = options;
    this.#scratch = new DiskSpace(options.leastFreeScratch);
  }

  /** What is wrong with it; undefined before the first look. */
  get findings(): readonly Finding[] | undefined {
    return this.#findings;
  }

  /** Looks now, unless the last look was less than `maxAgeSeconds` ago. Never rejects. */
  async fresh(maxAgeSeconds: number): Promise<void> {
    if (performance.now() - this.#lookedAt <= maxAgeSeconds * 1000) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Looks again and again, until it is stopped. */
  async watch(): Promise<void> {
    const { everySeconds = leaseTiming.heartbeat } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(everySeconds * 1000, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.fresh(0);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #look(): Promise<void> {
    const { dataFolder, onLook, onFinding, onError } = this.#options;
    try {
      const state = await dataFolder.check();
      const findings: Finding[] = await this.#lookAtScratch();
      if (state.type === "away") findings.push({ cause: "data-folder", reason: state.reason });
      if (state.type === "full") findings.push({ cause: "data-full", reason: state.reason });
      const before = this.#findings ?? [];
      this.#findings = findings;
      for (const finding of findings)
        if (!before.some(({ cause }) => cause === finding.cause)) onFinding(finding);
      this.#lookedAt = performance.now();
    } catch (error) {
      // The database is away, which other parts wait for.
      onError(error);
    }
    onLook();
  }

  async #lookAtScratch(): Promise<Finding[]> {
    const { scratchFolder } = this.#options;
    const held = (reason: string): Finding[] => [{ cause: "scratch-full", reason }];
    try {
      const { free, full, needed } = await this.#scratch.look(await existing(scratchFolder));
      if (!full) return [];
      return held(
        `${inGigabytes(free)} are free for the scratch folder ${scratchFolder}; runs start when ${inGigabytes(needed)} are. Free some space, or let ESPALIER_SCRATCH name another disk.`,
      );
    } catch (error) {
      return held(`The scratch folder ${scratchFolder} cannot be used: ${String(error)}.`);
    }
  }
}

/** The folder, or the first one above it that is there: the first attempt makes the rest. */
async function existing(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : existing(dirname(folder));
}
