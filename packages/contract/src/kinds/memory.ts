import type { RunSpec } from "../runs/run.ts";
import { resolveEncoding, resolveTrainingSettings } from "./settings.ts";

/** No chunk is smaller, whatever is asked for. */
export const leastChunkTokens = 16;
/** Of runs that embed only. */
const embeddingChunkTokens = 1024;

/** Tokens that a run computes at once, padding included; undefined where it does not compute in chunks. */
export function chunkTokensOf(spec: RunSpec, smaller = false): number | undefined {
  const tokens = wholeChunkOf(spec);
  return tokens !== undefined && smaller ? Math.max(leastChunkTokens, Math.floor(tokens / 2)) : tokens;
}

function wholeChunkOf(spec: RunSpec): number | undefined {
  switch (spec.kind) {
    case "train":
      return resolveTrainingSettings(spec.settings, spec.mode).chunkTokens;
    case "search":
    case "evaluate":
      return embeddingChunkTokens;
    case "import":
    case "prune":
    case "export":
      return undefined;
  }
}

/**
 * What a person can do about a run that ran out of memory, in numbers.
 * @param shrunk it was also tried with the smaller chunk
 */
export function adviseOnMemory(spec: RunSpec, shrunk: boolean): string {
  const whole = chunkTokensOf(spec);
  if (whole === undefined)
    return "It holds the model's tensors and little else: give it a worker with more memory.";
  const tried = chunkTokensOf(spec, shrunk)!;
  const { maxLength } = resolveEncoding("encoding" in spec ? spec.encoding : undefined);
  const advice: string[] = [];
  // A text is computed whole, so a chunk below the longest text saves nothing.
  if (spec.kind === "train" && tried > maxLength && tried > leastChunkTokens)
    advice.push(`set chunkTokens to ${Math.max(leastChunkTokens, Math.floor(tried / 2))}`);
  advice.push(`lower maxLength from ${maxLength} to ${Math.max(1, Math.floor(maxLength / 2))}`);
  if (spec.kind === "train" && spec.settings?.method === "full")
    advice.push("train an adapter (method lora)");
  advice.push("keep fewer layers", "use a device with more memory");
  const how = shrunk
    ? `with chunks of ${whole} tokens and again with ${tried}`
    : `with chunks of ${whole} tokens`;
  return `It was tried ${how}; ${advice.slice(0, -1).join(", ")}, or ${advice.at(-1)}.`;
}
