import type { ModelSource, Precision, RunSpec } from "@espalier/contract";
import { isEngineName, precisionOf } from "@espalier/engine";
import type { Claim, Store, Success } from "@espalier/store";
import { workerKind } from "../kinds/kinds.ts";
import { version } from "../version.ts";
import type { PreparedRun } from "./prepare.ts";

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
  /** How precisely the engine multiplied. */
  precision?: Precision;
  /** What the devices are called. */
  devices?: string[];
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
  { job, sources }: PreparedRun,
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
    resolved: workerKind(run.kind).computedWith(job),
    engine: job.engine,
    ...(isEngineName(job.engine) && { precision: precisionOf(job.engine, job.precision) }),
    ...(job.deviceNames && { devices: job.deviceNames }),
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
