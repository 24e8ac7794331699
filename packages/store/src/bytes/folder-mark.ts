import { randomBytes } from "node:crypto";
import { access, constants, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, syncDirectory, temporaryFolder } from "./file-system.ts";

/** The file in the root of a data folder that says to which pool it belongs. */
export const markName = ".espalier-pool";

/** What the root of a data folder shows. */
export type FolderMark =
  | { type: "marked"; token: string; writable: boolean }
  | { type: "unmarked" }
  | { type: "missing" }
  | { type: "silent"; reason: string };

/** A folder on a server that is away may let every call wait for ever. */
const patienceMs = 5_000;

/** Reads the mark of a folder. Never rejects, and answers after five seconds at most. */
export async function readMark(folder: string): Promise<FolderMark> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<FolderMark>((resolve) => {
    timer = setTimeout(() => resolve({ type: "silent", reason: "it gives no answer" }), patienceMs);
  });
  try {
    return await Promise.race([readNow(folder), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readNow(folder: string): Promise<FolderMark> {
  try {
    const token = (await readFile(join(folder, markName), "utf8")).trim().slice(0, 100);
    const writable = await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    );
    return { type: "marked", token, writable };
  } catch (error) {
    if (codeOf(error) !== "ENOENT") return { type: "silent", reason: String(error) };
    return access(folder).then(
      () => ({ type: "unmarked" }),
      () => ({ type: "missing" }),
    );
  }
}

/** Writes the mark. It is there as a whole and durable when this returns, or not at all. */
export async function writeMark(folder: string, token: string): Promise<void> {
  const temporary = join(folder, temporaryFolder);
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const draft = join(temporary, randomBytes(16).toString("hex"));
  try {
    const file = await open(draft, "wx", 0o444);
    try {
      await file.writeFile(`${token}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, join(folder, markName));
  } finally {
    await rm(draft, { force: true });
  }
  await syncDirectory(folder);
}
