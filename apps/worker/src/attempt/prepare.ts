import {
  chunkTokensOf,
  fitMemory,
  predictMemory,
  resolveSpec,
  type DeviceKind,
  type Model,
  type Precision,
  type RunSpec,
} from "@espalier/contract";
import type { HubAccess, RunJob } from "@espalier/contract/compute";
import type { Claim, Store } from "@espalier/store";
import type { Preparation } from "../kinds/kind.ts";
import { resolveModel } from "./resolve-model.ts";
import { workerKind } from "../kinds/kinds.ts";
import type { HubImportContext } from "../kinds/hub-import.ts";
import type { Workspace } from "./workspace.ts";

/** A claimed run, made ready for its compute process: local paths and plain numbers, no references. */
export interface PreparedRun {
  job: RunJob;
  /** Of an import that downloads. */
  hub?: HubAccess;
  /** The model that the run works on. */
  model: Model;
  /** Artifacts that go in, for the record of what was made from what. */
  sources: string[];
}

export interface PreparationContext extends HubImportContext {
  store: Pick<Store, "models" | "datasets" | "runs" | "bytes" | "secrets">;
  engine: string;
  precision?: Precision;
  device?: DeviceKind;
  deviceNames?: readonly string[];
  /** Addresses as the compute process sees them, where they are several. */
  devices?: readonly string[];
  threads?: number;
}

/**
 * Resolves what a spec refers to and puts its files into the workspace.
 * @throws {Problem} when a reference cannot be followed
 */
export async function prepareRun(
  claim: Claim,
  workspace: Workspace,
  context: PreparationContext,
): Promise<PreparedRun> {
  const { run, teamId } = claim;
  // A run that was submitted before defaults were stored means what they are now.
  const spec = run.resolved ?? resolveSpec(run.spec);
  const { store, engine, precision, device, deviceNames, devices, threads } = context;
  const common = {
    engine,
    ...(precision && { precision }),
    ...(device && { device }),
    ...(deviceNames && { deviceNames: [...deviceNames] }),
    ...(devices && { devices: [...devices] }),
    ...(threads === undefined ? {} : { threads }),
  };
  const model = await resolveModel(store, teamId, spec.kind === "import" ? spec.modelId : spec.model);
  const sources = model.files.map(({ artifactId }) => artifactId);
  await store.bytes.materialise(await store.models.files(teamId, model.id), workspace.model);
  const preparation = { claim, workspace, context, model, sources, common, ...memoryOf(claim, spec, model) };
  return workerKind(spec.kind).prepare(spec, preparation);
}

/** The chunk, and what is kept, as the memory allows that was asked for, or that the pool had for it when it was submitted. */
function memoryOf(
  { run, smaller }: Pick<Claim, "run" | "smaller">,
  spec: RunSpec,
  { architecture }: Model,
): Pick<Preparation, "chunkTokens" | "keptBytes"> {
  const asked = run.needs.memoryBytes;
  const whole = { chunkTokens: chunkTokensOf(spec, smaller), keptBytes: undefined };
  if (architecture === undefined) return whole;
  if (asked !== undefined) return fitMemory(spec, architecture, asked, smaller) ?? whole;
  // It may have been predicted by an earlier version: then the smallest chunk is tried.
  const budget = Math.max(run.predictedBytes ?? Infinity, predictMemory(spec, architecture, 1) ?? 0);
  const plan = fitMemory(spec, architecture, budget, smaller);
  return plan ? { ...whole, chunkTokens: plan.chunkTokens } : whole;
}
