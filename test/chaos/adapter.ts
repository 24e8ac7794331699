import { createHash } from "node:crypto";
import { resultOf, stateBytes } from "./trainer/progression.ts";

/**
 * SHA-256 of the adapter file that a training of the suite has to end with, byte for byte as the safetensors format has
 * it (github.com/huggingface/safetensors, "Format"): written here by hand, not by the code under test.
 */
export function adapterDigest(finalState: Buffer): string {
  const result = resultOf(finalState);
  const header = `{"__metadata__":{"format":"pt"},"result":{"dtype":"U8","shape":[128,${stateBytes}],"data_offsets":[0,${result.byteLength}]}}`;
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return createHash("sha256").update(length).update(padded).update(result).digest("hex");
}
