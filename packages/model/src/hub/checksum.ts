import { createHash } from "node:crypto";
import type { PartialFile } from "./partial-file.ts";

/**
 * Whether a file that has arrived is the announced one.
 * @param read is called with the bytes of each piece that was read
 */
export async function isAnnounced(
  file: PartialFile,
  { signal, read }: { signal: AbortSignal; read: (bytes: number) => void },
): Promise<boolean> {
  const { bytes, sha256, gitBlob } = file.announced;
  const hash = createHash(sha256 === undefined ? "sha1" : "sha256");
  if (sha256 === undefined) hash.update(`blob ${bytes}\0`);
  for await (const chunk of file.content()) {
    signal.throwIfAborted();
    hash.update(chunk);
    read(chunk.byteLength);
  }
  return hash.digest("hex") === (sha256 ?? gitBlob);
}
