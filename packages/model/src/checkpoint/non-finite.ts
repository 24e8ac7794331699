import { Problem } from "@espalier/contract";
import type { Checkpoint } from "./checkpoint.ts";
import { words32, type WeightDtype } from "./dtype.ts";

/** The first weight that is NaN or infinite. `element` is its index in the row-major tensor. */
export interface NonFinite {
  readonly tensor: string;
  readonly element: number;
}

const chunkBytes = 1024 * 1024;

/** Bits of the exponent in a 32-bit word, for each value that the word holds; all set means NaN or infinity. */
const exponents: Record<WeightDtype, readonly number[]> = {
  F32: [0x7f800000],
  BF16: [0x7f80, 0x7f800000],
  F16: [0x7c00, 0x7c000000],
};

/** Reads every weight once, in chunks, and finds the first that is not finite. The format itself allows them. */
export async function scanNonFinite(checkpoint: Checkpoint): Promise<NonFinite | undefined> {
  const buffer = new Uint8Array(chunkBytes);
  for (const [tensor, { dtype, bytes }] of checkpoint.tensors) {
    for (let from = 0; from < bytes; from += chunkBytes) {
      const to = Math.min(bytes, from + chunkBytes);
      const chunk = await checkpoint.readBytes(tensor, { from, to, into: buffer });
      const found = firstNonFinite(chunk, dtype);
      if (found !== undefined) return { tensor, element: from / (dtype === "F32" ? 4 : 2) + found };
    }
  }
  return undefined;
}

/** Refuses a checkpoint with a weight that is NaN or infinite. */
export async function refuseNonFinite(checkpoint: Checkpoint): Promise<void> {
  const found = await scanNonFinite(checkpoint);
  if (found === undefined) return;
  const { storedName, file, shape, offset, dtype } = checkpoint.tensors.get(found.tensor)!;
  const byte = offset + found.element * (dtype === "F32" ? 4 : 2);
  const where = `element ${found.element} of [${shape.join(", ")}]`;
  throw new Problem("checkpoint/non-finite", `"${storedName}" holds NaN or infinity, first at ${where}`, {
    file,
    tensor: storedName,
    byte,
  });
}

function firstNonFinite(chunk: Uint8Array, dtype: WeightDtype): number | undefined {
  const [low, high] = exponents[dtype];
  const padded = chunk.byteLength % 4 === 0 ? chunk : Uint8Array.of(...chunk.subarray(-2), 0, 0);
  if (padded !== chunk) {
    // An odd number of 16-bit values: the last one stands alone.
    const head = firstNonFinite(chunk.subarray(0, -2), dtype);
    if (head !== undefined) return head;
    return (words32(padded)[0]! & low!) === low ? chunk.byteLength / 2 - 1 : undefined;
  }
  const words = words32(chunk);
  if (high === undefined) {
    for (let i = 0; i < words.length; i++) if ((words[i]! & low!) === low) return i;
    return undefined;
  }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if ((word & low!) === low) return 2 * i;
    if ((word & high) === high) return 2 * i + 1;
  }
  return undefined;
}
