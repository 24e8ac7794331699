import { createHash } from "node:crypto";
import { isProblem, Problem } from "@espalier/contract";
import type { Arrays } from "@espalier/tensor";
import { narrow, openFile, readHeader, widen, writeSafetensors, type RangeReader } from "@espalier/model";
import type { TrainingState } from "./state.ts";

/** Key of the file's metadata under which all of a state but its arrays is, as JSON. */
const key = "training";

type Rest = Omit<TrainingState, "parameters" | "optimizer">;
const groups = ["parameter", "mean", "square"] as const;
type Group = (typeof groups)[number];

/** Writes a state as one safetensors file, which appears whole or not at all and replaces an earlier one. */
export async function saveTrainingState(path: string, state: TrainingState): Promise<void> {
  const { parameters, optimizer, ...rest } = state;
  const arrays = { parameter: parameters, mean: optimizer.mean, square: optimizer.square };
  const tensors = groups.flatMap((group) =>
    [...arrays[group]].map(([name, array]) => ({
      name: `${group}:${name}`,
      dtype: "F32" as const,
      shape: [array.length],
      chunks: () => [narrow(array, "F32")],
    })),
  );
  const sha256 = digest(arrays);
  await writeSafetensors(path, tensors, new Map([[key, JSON.stringify({ ...rest, sha256 })]]));
}

/**
 * Reads a state that `saveTrainingState` wrote.
 * @throws {Problem} `artifact/corrupt` when its bytes are not those that were written
 */
export async function loadTrainingState(path: string): Promise<TrainingState> {
  const file = await openFile(path);
  try {
    const { metadata, tensors } = await readHeader(file);
    const { sha256, ...rest } = parseRest(metadata.get(key));
    const arrays: Record<Group, Map<string, Float32Array>> = {
      parameter: new Map(),
      mean: new Map(),
      square: new Map(),
    };
    for (const { name, offset, bytes } of tensors.values()) {
      const separator = name.indexOf(":");
      const group = groups.find((group) => group === name.slice(0, separator));
      if (group === undefined) corrupt(`it holds "${name}"`);
      arrays[group].set(name.slice(separator + 1), await readArray(file, offset, bytes));
    }
    if (digest(arrays) !== sha256) corrupt("its arrays do not have their checksum");
    const { parameter, mean, square } = arrays;
    return { ...rest, parameters: parameter, optimizer: { step: rest.step, mean, square } };
  } catch (error) {
    if (isProblem(error) && error.code !== "artifact/corrupt") corrupt(error.message);
    throw error;
  } finally {
    await file.close();
  }
}

function corrupt(reason: string): never {
  throw new Problem("artifact/corrupt", `The saved training state cannot be used: ${reason}.`);
}

function parseRest(text: string | undefined): Rest & { sha256: string } {
  if (text === undefined) corrupt("it is not a training state");
  let saved: Partial<Rest & { sha256: string }>;
  try {
    saved = JSON.parse(text) as typeof saved;
  } catch {
    corrupt("its metadata is not JSON");
  }
  const { step, sha256, fingerprint, batches, losses, tokens, seconds } = saved;
  if (
    typeof step !== "number" ||
    typeof sha256 !== "string" ||
    typeof fingerprint !== "string" ||
    batches === undefined ||
    !Array.isArray(losses) ||
    typeof tokens !== "number" ||
    typeof seconds !== "number"
  )
    corrupt("its metadata lacks a field");
  return { step, sha256, fingerprint, batches, losses, tokens, seconds };
}

async function readArray(file: RangeReader, offset: number, bytes: number): Promise<Float32Array> {
  const raw = await file.read(offset, bytes);
  if (raw.byteLength < bytes) corrupt("it is shorter than it says");
  return widen(raw, "F32");
}

/** SHA-256 of all arrays, in the order of their names. */
function digest(arrays: Record<Group, Arrays>): string {
  const hash = createHash("sha256");
  for (const group of groups) {
    const sorted = [...arrays[group]].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, array] of sorted) hash.update(`${group}:${name}\n`).update(narrow(array, "F32"));
  }
  return hash.digest("hex");
}
