import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface FakePartition {
  index: number;
  /** Id of its GPU instance. */
  instance: number;
  uuid: string;
  profile: string;
  totalMebibytes: number;
  freeMebibytes: number;
  uncorrected?: number;
}

export interface FakeCard {
  /** By the names of `--query-gpu`; what is missing is `[N/A]`. */
  fields: Record<string, string | number>;
  remapFailure?: string;
  partitions?: FakePartition[];
}

export interface FakeState {
  cards: FakeCard[];
  processes: { cardUuid: string; pid: number; name: string; usedMebibytes?: number; instance?: number }[];
  /** Lines among those of the cards. */
  remarks?: string[];
  exit?: number;
  /** Instead of any answer. */
  output?: string;
  errors?: string;
  hang?: boolean;
  /** Fields that this driver does not know. */
  unknown?: string[];
  /** Knows no `--query-remapped-rows`. */
  oldDriver?: boolean;
}

export const uuidOf = (index: number): string => `GPU-${String(index).repeat(8)}-aaaa-bbbb-cccc-0123456789ab`;

/** An idle H100 in good health. */
export const fakeCard = (index: number, fields: FakeCard["fields"] = {}): FakeCard => ({
  fields: {
    index,
    uuid: uuidOf(index),
    "memory.total": 81559,
    "memory.used": 4,
    "memory.free": 81079,
    "utilization.gpu": 0,
    "temperature.gpu": 31,
    "mig.mode.current": "Disabled",
    "ecc.errors.uncorrected.volatile.total": 0,
    "retired_pages.pending": "[N/A]",
    gpu_recovery_action: "None",
    driver_version: "570.86.15",
    name: "NVIDIA H100 80GB HBM3",
    ...fields,
  },
});

/** A folder for PATH with an `nvidia-smi` in it, whose answers a test may change while somebody asks. */
export class FakeNvidiaSmi {
  readonly folder: string;
  #state: FakeState = { cards: [], processes: [] };

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(state: Partial<FakeState> = {}): Promise<FakeNvidiaSmi> {
    const fake = new FakeNvidiaSmi(await mkdtemp(join(tmpdir(), "espalier-nvidia-")));
    await fake.set(state);
    const script = fileURLToPath(new URL("nvidia-smi.mjs", import.meta.url));
    const program = join(fake.folder, "nvidia-smi");
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${script}" "${fake.#file}" "$@"\n`);
    await chmod(program, 0o755);
    return fake;
  }

  /** PATH with this nvidia-smi before any other. */
  path(after: string | undefined): string {
    return [this.folder, after].filter(Boolean).join(delimiter);
  }

  /** Changes what is given and keeps the rest; undefined takes it back. */
  async set(change: Partial<{ [K in keyof FakeState]: FakeState[K] | undefined }>): Promise<void> {
    this.#state = { ...this.#state, ...change } as FakeState;
    await writeFile(`${this.#file}.new`, JSON.stringify(this.#state));
    await rename(`${this.#file}.new`, this.#file);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.folder, "state.json");
  }
}
