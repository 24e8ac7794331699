import type { ResolvedEncoding, Encoding } from "@espalier/contract";
import { Encoder, loadModel, type LoadedModel, type LoadOptions } from "@espalier/encoder";
import { openModel, type Checkpoint } from "@espalier/model";
import type { Computation } from "./computation.ts";

/** What a result says of the files of its model; nothing where there is nothing to say. */
export interface Told {
  readonly remarks?: string[];
}

/**
 * Every computation opens its model by one of these, so that what its user should know is in the log once and in the result:
 * here as an encoder.
 */
export async function openEncoder(
  directory: string,
  options: Omit<LoadOptions, "engine"> & { readonly encoding: Encoding | ResolvedEncoding },
  { engine, report }: Pick<Computation, "engine" | "report">,
): Promise<{ encoder: Encoder; told: Told }> {
  const { encoding, ...others } = options;
  const encoder = await Encoder.load(directory, { engine, ...encoding, ...others });
  return { encoder, told: tell(encoder.model.remarks, report) };
}

/** As a model that is ready to be put into graphs. */
export async function openLoaded(
  directory: string,
  report: Computation["report"],
): Promise<{ model: LoadedModel; told: Told }> {
  const model = await loadModel(directory);
  return { model, told: tell(model.remarks, report) };
}

/** As a checkpoint that has not been checked yet. */
export async function openChecked(
  directory: string,
  report: Computation["report"],
): Promise<{ checkpoint: Checkpoint; told: Told }> {
  const checkpoint = await openModel(directory);
  return { checkpoint, told: tell(checkpoint.remarks, report) };
}

export function tell(remarks: readonly string[] = [], report: Computation["report"]): Told {
  for (const remark of remarks) report.log("warn", remark);
  return remarks.length > 0 ? { remarks: [...remarks] } : {};
}
