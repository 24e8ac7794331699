import { lstat, mkdir, mkdtemp, open, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Problem } from "@espalier/contract";
import { refusedAt } from "./refused-at.ts";

/**
 * Makes the folder `path`, which appears whole or not at all: `fill` makes one of another name beside it, which then
 * takes its place. However `fill` ends, nothing is left behind, also when the process that works for it is killed.
 * @throws {Problem} `resource/conflict` when `path` exists; the system's error when nothing can be written there
 */
export async function makeFolder<Result>(
  path: string,
  fill: (draft: string) => Promise<Result>,
): Promise<Result> {
  if (await lstat(path).catch(() => undefined)) throw occupied(path);
  const parent = dirname(path);
  const { made, stage } = await prepare(path, parent);
  let done = false;
  try {
    const draft = join(stage, basename(path));
    const result = await fill(draft).catch((error: unknown) => {
      throw refusedAt(error, path, stage);
    });
    await rename(draft, path).catch((error: NodeJS.ErrnoException) => {
      throw ["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(error.code ?? "") ? occupied(path, error) : error;
    });
    done = true;
    await sync(parent);
    return result;
  } finally {
    await rm(stage, { recursive: true, force: true });
    if (!done && made !== undefined) await removeEmpty(parent, made);
  }
}

const occupied = (path: string, cause?: unknown): Problem =>
  new Problem(
    "resource/conflict",
    `${path} exists; choose another folder, or remove it first.`,
    {},
    { cause },
  );

async function prepare(path: string, parent: string): Promise<{ made: string | undefined; stage: string }> {
  try {
    const made = await mkdir(parent, { recursive: true });
    return { made, stage: await mkdtemp(join(parent, `.${basename(path)}.`)) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A file stands where the folder above would be. And the name of the folder beside it means nothing to anybody.
    throw Object.assign(error as Error, { path, code: code === "EEXIST" ? "ENOTDIR" : code });
  }
}

/** The entries of a directory outlive a power cut once it is synced. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Takes back the folders from `last` up to `first` that were made on the way. */
async function removeEmpty(last: string, first: string): Promise<void> {
  for (let at = last; at.length >= first.length; at = dirname(at)) {
    const removed = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}
