import {
  resolveEncoding,
  resolveSearchSettings,
  resolveTrainingSettings,
  type ModelSource,
  type RunSpec,
} from "@espalier/contract";
import type { Claim, Store, Success } from "@espalier/store";
import type { Plan } from "./plan.ts";
import type { RunJob } from "@espalier/contract/compute";
import { version } from "../version.ts";

/** What a run was made from and how, so that it can be made again: every default written out, every input by checksum. */
export interface Manifest {
  espalier: string;
  node: string;
  run: string;
  attempt: number;
  spec: RunSpec;
  /** `mode`, `encoding` and `settings` as they were computed with. */
  resolved: object;
  engine: string;
  threads?: number;
  /** Of an import from a hub, with the commit that was meant. */
  source?: ModelSource;
  inputs: { artifactId: string; name: string; sha256: string }[];
  outputs: { artifactId: string; name: string; bytes: number; sha256: string }[];
}

/** Describes an attempt that succeeded. */
export async function manifestOf(
  { artifacts }: Pick<Store, "artifacts">,
  { teamId, lease, run }: Claim,
  { job, sources }: Plan,
  { artifacts: outputs = [], source }: Pick<Success, "artifacts" | "source">,
): Promise<Manifest> {
  const inputs = [];
  for (const artifactId of sources) {
    const { name, sha256 } = await artifacts.get(teamId, artifactId);
    inputs.push({ artifactId, name, sha256 });
  }
  return {
    espalier: version,
    node: process.version,
    run: run.id,
    attempt: lease.attempt,
    spec: run.spec,
    resolved: resolved(job),
    engine: job.engine,
    ...(job.threads === undefined ? {} : { threads: job.threads }),
    ...(source === undefined ? {} : { source }),
    inputs,
    outputs: outputs.map(({ id, name, stored }) => ({
      artifactId: id,
      name,
      bytes: stored.bytes,
      sha256: stored.sha256,
    })),
  };
}

function resolved(job: RunJob): object {
  switch (job.kind) {
    case "import":
    case "hub-import":
      return {};
    case "prune":
      return { layers: job.layers };
    case "search": {
      const { mode, encoding, settings } = job;
      return {
        mode,
        encoding: resolveEncoding(encoding),
        settings: resolveSearchSettings(settings, mode),
      };
    }
    case "train": {
      const { mode, encoding, settings } = job;
      return {
        mode,
        encoding: resolveEncoding(encoding),
        settings: resolveTrainingSettings(settings, mode),
      };
    }
    case "evaluate":
      return { mode: job.mode, encoding: resolveEncoding(job.encoding) };
    case "export": {
      const { formats, dtype, shardBytes, encoding } = job;
      const { name, layers } = job.base;
      return { formats, dtype, shardBytes, base: { name, layers }, encoding: resolveEncoding(encoding) };
    }
  }
}
