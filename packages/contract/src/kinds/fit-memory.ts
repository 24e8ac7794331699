import { resolveEncoding } from "../models/encoding.ts";
import { Problem } from "../problem.ts";
import { chunkTokensOf, keepableBytes, predictMemory, type RunSpec } from "./kinds.ts";
import { bytesPerElement, largestChunk, tableBytes, weightBytes, type ModelSize } from "./memory.ts";

/** How a run stays within its memory: it changes how long it takes, and no number by more than rounding. */
export interface MemoryPlan {
  /** At most as many tokens as the settings say. */
  readonly chunkTokens: number;
  /** Activations that are kept for the backward pass; the others are computed again. */
  readonly keptBytes: number;
  /** The peak that is expected. */
  readonly bytes: number;
}

/**
 * Chooses the chunk of a run, and what it keeps, from a budget of bytes; undefined for a run that does not compute in chunks.
 * @param smaller it ran out of memory before: half the chunk at most, and nothing is kept
 * @throws {Problem} `run/does-not-fit`, with what it needs and what would fit, where no chunk is small enough
 */
export function fitMemory(
  spec: RunSpec,
  size: ModelSize,
  budget: number,
  smaller = false,
): MemoryPlan | undefined {
  const most = chunkTokensOf(spec, smaller);
  if (most === undefined) return undefined;
  const bytesWith = (tokens: number): number => predictMemory(spec, size, tokens)!;
  const chunkTokens = largestChunk(most, budget, bytesWith);
  if (chunkTokens === undefined) throw doesNotFit(spec, size, budget);
  const bytes = bytesWith(chunkTokens);
  // A chunk's activations are in memory twice while they are handed over.
  const room = Math.floor((budget - bytes) / keptFactor);
  const keptBytes = smaller ? 0 : Math.max(0, Math.min(Math.ceil(keepableBytes(spec, size)), room));
  return { chunkTokens, keptBytes, bytes: bytes + Math.round(keptFactor * keptBytes) };
}

/** Bytes that memory grows by for each byte that is kept. */
const keptFactor = 1.25;

function doesNotFit(spec: RunSpec, size: ModelSize, budget: number): Problem {
  const fits = (changed: RunSpec, with_: ModelSize = size): boolean =>
    predictMemory(changed, with_, leastChunk)! <= budget;
  const needed = predictMemory(spec, size, leastChunk)!;
  const ways: string[] = [];
  const { maxLength } = resolveEncoding((spec as { encoding?: object }).encoding);
  const shorter = halves(maxLength).find((length) =>
    fits({
      ...spec,
      encoding: { ...(spec as { encoding?: object }).encoding, maxLength: length },
    } as RunSpec),
  );
  if (shorter !== undefined) ways.push(`texts of at most ${shorter} tokens (maxLength)`);
  const layers = Array.from({ length: size.layers - 1 }, (_, i) => size.layers - 1 - i).find((count) =>
    fits(spec, firstLayers(size, count)),
  );
  if (layers !== undefined) ways.push(layers === 1 ? "its first layer alone" : `its first ${layers} layers`);
  const otherwise = ways.length > 0 ? ` It would fit with ${ways.join(", or with ")}.` : "";
  return new Problem(
    "run/does-not-fit",
    `The run takes ${gigabytes(needed)} at least, with the smallest chunks, and may take ${gigabytes(budget)}.${otherwise}`,
  );
}

/** Smaller than any text, so that each is computed by itself. */
const leastChunk = 1;

const halves = (from: number): number[] => {
  const found: number[] = [];
  for (let n = Math.floor(from / 2); n >= 1; n = Math.floor(n / 2)) found.push(n);
  return found;
};

const firstLayers = (size: ModelSize, layers: number): ModelSize => ({
  ...size,
  layers,
  parameters: Math.round((tableBytes(size) + (weightBytes(size) * layers) / size.layers) / bytesPerElement),
});

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
