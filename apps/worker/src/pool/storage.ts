import { DiskSpace, inGigabytes, type DataFolder, type Finding } from "@espalier/store";
import type { Scratch } from "../attempt/workspace.ts";
import { Looks } from "../devices/looks.ts";

export interface StorageOptions {
  dataFolder: Pick<DataFolder, "check">;
  /** Opened when the data folder is the pool's, below which it may be: before that, it would be made on another disk. */
  scratch: Pick<Scratch, "root" | "open">;
  /** What must be free for a run, in bytes. */
  leastFreeScratch: number;
  /** Called after each look. */
  onLook: () => void;
  /** Called for each thing that is newly found wrong. */
  onFinding: (finding: Finding) => void;
  onError: (error: unknown) => void;
  /** Seconds between two looks. */
  everySeconds: number;
}

/** Watches what all devices of a worker need: the pool's data folder, and the disk of its scratch folder. */
export class Storage {
  readonly #options: StorageOptions;
  readonly #space: DiskSpace;
  readonly #looks: Looks;
  #findings: readonly Finding[] | undefined;

  constructor(options: StorageOptions) {
    this.#options = options;
    this.#looks = new Looks({ look: () => this.#look(), everySeconds: options.everySeconds });
    this.#space = new DiskSpace(options.leastFreeScratch);
  }

  /** What is wrong with it; undefined before the first look. */
  get findings(): readonly Finding[] | undefined {
    return this.#findings;
  }

  /** Looks now, unless the last look was less than `maxAgeSeconds` ago. Never rejects. */
  fresh(maxAgeSeconds: number): Promise<void> {
    return this.#looks.fresh(maxAgeSeconds);
  }

  /** Looks again and again, until it is stopped. */
  watch(): Promise<void> {
    return this.#looks.watch();
  }

  stop(): void {
    this.#looks.stop();
  }

  async #look(): Promise<boolean> {
    const { dataFolder, onLook, onFinding, onError } = this.#options;
    let seen = false;
    try {
      const state = await dataFolder.check();
      const findings: Finding[] = state.type === "away" ? [] : await this.#lookAtScratch();
      if (state.type === "away") findings.push({ cause: "data-folder", reason: state.reason });
      if (state.type === "full") findings.push({ cause: "data-full", reason: state.reason });
      const before = this.#findings ?? [];
      this.#findings = findings;
      for (const finding of findings)
        if (!before.some(({ cause }) => cause === finding.cause)) onFinding(finding);
      seen = true;
    } catch (error) {
      // The database is away, which other parts wait for.
      onError(error);
    }
    onLook();
    return seen;
  }

  async #lookAtScratch(): Promise<Finding[]> {
    const { scratch } = this.#options;
    const held = (reason: string): Finding[] => [{ cause: "scratch-full", reason }];
    try {
      await scratch.open();
      const { free, full, needed } = await this.#space.look(scratch.root);
      if (!full) return [];
      return held(
        `${inGigabytes(free)} are free for the scratch folder ${scratch.root}; runs start when ${inGigabytes(needed)} are. Free some space, or let ESPALIER_SCRATCH name another disk.`,
      );
    } catch (error) {
      return held(`The scratch folder ${scratch.root} cannot be used: ${String(error)}.`);
    }
  }
}
