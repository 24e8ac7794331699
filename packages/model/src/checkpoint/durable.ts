import { randomBytes } from "node:crypto";
import {
  access,
  constants,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  type FileHandle,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Problem } from "@espalier/contract";

/** Makes the entries of a directory durable: a rename is lost with the power unless its directory is synced. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** A new file: what `write` leaves in it is on the disk when this resolves, and an earlier file is replaced at once or not at all. */
export async function writeDurably(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  const file = await open(temporary, "wx");
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/**
 * Refuses a place in which {@link buildFolder} could make no folder, before somebody computes what is to be in it.
 * @throws {Problem} `resource/conflict` when `path` exists and is not an empty directory; the system's error when nothing can
 * be written there
 */
export async function checkNewFolder(path: string): Promise<void> {
  const existing = await contentOf(path);
  if (existing !== undefined && existing.length > 0) throw occupied(path);
  for (let above = dirname(resolve(path)); ; above = dirname(above)) {
    try {
      return await access(above, constants.W_OK | constants.X_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(above) === above) throw error;
    }
  }
}

/** Names in a directory; undefined where there is nothing, and the fault of what is no directory. */
const contentOf = (path: string): Promise<(string | undefined)[] | undefined> =>
  readdir(path).catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : [error.code]));

const occupied = (path: string): Problem =>
  new Problem("resource/conflict", `${path} exists; choose another folder, or remove it first`);

/**
 * A new folder that appears whole or not at all: `fill` works in a temporary sibling, which then takes the name.
 * @throws {Problem} `resource/conflict` when `path` exists and is not an empty directory
 */
export async function buildFolder(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const existing = await contentOf(path);
  if (existing !== undefined && existing.length > 0) throw occupied(path);
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  await mkdir(temporary);
  try {
    await fill(temporary);
    await syncDirectory(temporary);
    if (existing !== undefined) await rmdir(path);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}
