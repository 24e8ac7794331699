import { Problem } from "@espalier/contract";
import { refuseMark } from "./byte-order-mark.ts";
import type { ModelFiles } from "./model-files.ts";

/** Weights in formats that run code when they are loaded, by their first bytes and not by their name. */
const executable: readonly (readonly [format: string, magic: readonly number[]])[] = [
  ["a zip archive (PyTorch, NumPy or Keras)", [0x50, 0x4b, 0x03, 0x04]],
  ["a pickle", [0x80, 0x02]],
  ["a pickle", [0x80, 0x03]],
  ["a pickle", [0x80, 0x04]],
  ["a pickle", [0x80, 0x05]],
  ["a gzip archive", [0x1f, 0x8b]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a GGUF file", [0x47, 0x47, 0x55, 0x46]],
];

/** How the text begins that stands for a file in a repository that was cloned without git-lfs. */
const pointer = "version https://git-lfs.github.com/spec/";

/** The format that the first bytes of a file give away, where it is one that is never accepted as weights. */
function refusedFormat(start: Uint8Array): string | undefined {
  return executable.find(([, magic]) => magic.every((byte, i) => start[i] === byte))?.[0];
}

/**
 * Names of a model's files.
 * @throws {Problem} `upload/file-refused` for what is not a regular file, and for a file whose content is a pickle or an
 * archive
 */
export async function acceptedFiles(files: ModelFiles): Promise<ReadonlySet<string>> {
  const names = await files.names();
  for (const name of names) await refuseByContent(files, name);
  return names;
}

async function refuseByContent(files: ModelFiles, name: string): Promise<void> {
  const file = await files.open(name);
  if (file === undefined) return;
  try {
    const start = await file.read(0, pointer.length);
    if (Buffer.from(start).toString("latin1") === pointer)
      throw new Problem(
        "checkpoint/incomplete",
        `${name} is a Git LFS pointer and not the file itself; run git lfs pull in the folder, or git lfs install before cloning`,
        { file: name },
      );
    // What is copied without being read here is read by Python, which refuses it.
    if (name.endsWith(".json")) refuseMark(start, name);
    const format = refusedFormat(start);
    // A safetensors file begins with the length of its header, in eight bytes. The first two may by chance be those of
    // another format; the last four are zero in every header that is accepted.
    if (
      format === undefined ||
      (name.endsWith(".safetensors") && start.subarray(4, 8).every((byte) => byte === 0))
    )
      return;
    throw new Problem(
      "upload/file-refused",
      `${name} is ${format}; only safetensors weights are accepted, because they cannot run code`,
      { file: name },
    );
  } finally {
    await file.close();
  }
}
