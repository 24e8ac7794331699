import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative, resolve as resolvePath, sep } from "node:path";
import type { FileHandle } from "node:fs/promises";
import { Problem } from "@espalier/contract";
import type { Bytes, PutOptions, StoredObject } from "./bytes.ts";
import { codeOf, syncDirectory, temporaryFolder } from "./file-system.ts";

const segment = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;

export interface DiskOptions {
  /** Makes the folder where it is missing; default true. Without it, a folder whose volume is not mounted stays as it is. */
  create?: boolean;
  /** Called before anything is written or removed, and when a file is missing; throws when the folder is not the right one. */
  confirm?: () => Promise<void>;
}

/** Stores bytes in a folder, which only the service may write to. Objects are read-only files. */
export async function openDisk(
  folder: string,
  { create = true, confirm = () => Promise.resolve() }: DiskOptions = {},
): Promise<Bytes> {
  if (create) await mkdir(join(folder, temporaryFolder), { recursive: true, mode: 0o700 });
  const temporary = join(resolvePath(folder), temporaryFolder);

  /** Where the folder is now: it may be a link, which a person points elsewhere while this process runs. */
  const rootNow = () => realpath(folder).catch(() => resolvePath(folder));

  /** Throws `artifact/corrupt` for a missing file, and what `confirm` throws where the whole folder is away. */
  async function checkThere(path: string): Promise<void> {
    await checkPlain(path).catch(async (error: unknown) => {
      await confirm();
      throw error;
    });
  }

  async function openFile(location: string): Promise<FileHandle> {
    const path = await resolve(location);
    await checkThere(path);
    return openPlain(path);
  }

  /** The path of a location inside the root. Refuses one that leads through a symbolic link. */
  async function resolve(location: string): Promise<string> {
    const parts = location.split("/");
    if (!parts.every((part) => segment.test(part))) throw refused(location);
    const root = await rootNow();
    const path = join(root, ...parts);
    for (let parent = dirname(path); parent.length > root.length; parent = dirname(parent)) {
      const real = await realpath(parent).catch(unlessMissing);
      if (real === undefined) continue;
      if (real !== parent) throw refused(location);
      break;
    }
    return path;
  }

  /** Which folder the root is at this moment; undefined where it is not there. */
  async function rootAt(): Promise<string | undefined> {
    const root = await rootNow();
    const at = await stat(root).catch(unlessMissing);
    return at && `${root} ${at.dev} ${at.ino}`;
  }

  /**
   * The path of a location in a folder that is the right one. A link may be pointed elsewhere, or a volume be mounted, at any moment:
   * `still` throws `storage/unavailable` where that has happened since, as what was written may then lie in the other folder.
   */
  async function place(location: string): Promise<{ path: string; still: () => Promise<void> }> {
    const before = await rootAt();
    await confirm();
    const path = await resolve(location);
    const still = async () => {
      if (before !== undefined && (await rootAt()) !== before)
        throw new Problem(
          "storage/unavailable",
          `The data folder became another one while ${location} was written.`,
        );
    };
    await still();
    return { path, still };
  }

  /** Moves a complete, synced file into place. It is durable when this returns. */
  async function publish(from: string, to: string): Promise<void> {
    const made = await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await rename(from, to);
    await syncDirectory(dirname(to));
    if (made === undefined) return;
    // Each folder that was made is an entry of the one above it.
    for (let parent = dirname(dirname(to)); parent.length >= dirname(made).length; parent = dirname(parent))
      await syncDirectory(parent);
  }

  async function put(
    location: string,
    source: AsyncIterable<Uint8Array>,
    { maxBytes = Infinity, expect, signal }: PutOptions = {},
  ): Promise<StoredObject> {
    const { path, still } = await place(location);
    await mkdir(temporary, { recursive: true, mode: 0o700 }).catch(fail);
    const draft = join(temporary, randomBytes(16).toString("hex"));
    const file = await open(draft, "wx", 0o600).catch(fail);
    const hash = createHash("sha256");
    let bytes = 0;
    try {
      for await (const chunk of source) {
        signal?.throwIfAborted();
        bytes += chunk.byteLength;
        if (bytes > maxBytes)
          throw new Problem("request/too-large", `The file has more than the ${maxBytes} bytes allowed.`);
        hash.update(chunk);
        await writeAll(file, chunk);
      }
      signal?.throwIfAborted();
      const stored = { location, bytes, sha256: hash.digest("hex") };
      const wrong =
        (expect?.bytes !== undefined && expect.bytes !== bytes) ||
        (expect?.sha256 !== undefined && expect.sha256 !== stored.sha256);
      if (wrong)
        throw new Problem(
          "upload/incomplete",
          `${bytes} bytes with SHA-256 ${stored.sha256} arrived, not what was declared; send it again.`,
        );
      await file.chmod(0o400);
      await file.sync();
      await file.close();
      await publish(draft, path);
      await still();
      return stored;
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(draft, { force: true });
      // Its error would be that the draft is not in the other folder.
      await still();
      return fail(error);
    }
  }

  return {
    put,

    async adopt(from, location) {
      const { path, still } = await place(location);
      const file = await openPlain(from);
      try {
        const { bytes, sha256 } = await digest(file);
        await file.chmod(0o400);
        await file.sync();
        await publish(from, path);
        // It goes back to where it is looked for when this is tried again.
        await still().catch(async (error: unknown) => {
          await rename(path, from).catch(() => undefined);
          throw error;
        });
        return { location, bytes, sha256 };
      } catch (error) {
        if (codeOf(error) !== "EXDEV") return fail(error);
        const stored = await put(location, file.createReadStream({ start: 0, autoClose: false }));
        await rm(from, { force: true });
        return stored;
      } finally {
        await file.close().catch(() => undefined);
      }
    },

    async open(location, { start = 0, end } = {}) {
      const file = await openFile(location);
      return file.createReadStream({ start, ...(end === undefined ? {} : { end }), highWaterMark: 1 << 18 });
    },

    async pathOf(location) {
      const path = await resolve(location);
      await checkThere(path);
      return path;
    },

    async materialise(files, directory) {
      await mkdir(directory, { recursive: true });
      for (const { name, location } of files) {
        if (!name.split("/").every((part) => segment.test(part))) throw refused(name);
        const path = await resolve(location);
        await checkThere(path);
        const target = join(directory, name);
        await mkdir(dirname(target), { recursive: true });
        await rm(target, { force: true });
        await link(path, target).catch(async (error: unknown) => {
          // The directory is on another file system, or on one without hard links.
          if (!["EXDEV", "EPERM", "ENOTSUP", "EMLINK"].includes(codeOf(error) ?? "")) return fail(error);
          return symlink(path, target);
        });
      }
    },

    async verify({ location, bytes, sha256 }) {
      const file = await openFile(location);
      try {
        const now = await digest(file);
        if (now.bytes !== bytes || now.sha256 !== sha256)
          throw new Problem(
            "artifact/corrupt",
            `${location} has ${now.bytes} bytes with SHA-256 ${now.sha256} instead of ${bytes} with ${sha256}.`,
            { file: location },
          );
      } finally {
        await file.close();
      }
    },

    async remove(location) {
      const { path } = await place(location);
      await rm(path, { recursive: true, force: true });
    },

    async list(location) {
      const root = await rootNow();
      const entries =
        (await readdir(await resolve(location), { recursive: true, withFileTypes: true }).catch(
          unlessMissing,
        )) ?? [];
      const objects = [];
      for (const entry of entries) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const at = await stat(path).catch(unlessMissing);
        if (at) objects.push({ location: relative(root, path).split(sep).join("/"), bytes: at.size });
      }
      return objects;
    },

    async folders(location) {
      const entries = await readdir(await resolve(location), { withFileTypes: true }).catch(unlessMissing);
      return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name);
    },

    async unchangedFor(location) {
      await confirm();
      const folder = await resolve(location);
      const entries = await readdir(folder, { recursive: true }).catch(unlessMissing);
      if (entries === undefined) return undefined;
      let newest = -Infinity;
      for (const path of [folder, ...entries.map((entry) => join(folder, entry))])
        newest = Math.max(newest, (await lstat(path).catch(unlessMissing))?.mtimeMs ?? -Infinity);
      return (await timeOf(temporary)) / 1000 - newest / 1000;
    },

    async sweep(olderThanSeconds = 86_400) {
      await confirm();
      const now = await timeOf(temporary);
      let removed = 0;
      for (const name of await readdir(temporary)) {
        const path = join(temporary, name);
        const at = await stat(path).catch(unlessMissing);
        if (at === undefined || now - at.mtimeMs < olderThanSeconds * 1000) continue;
        await rm(path, { recursive: true, force: true });
        removed += 1;
      }
      return removed;
    },
  };
}

/** Milliseconds of the clock that dates the files of a folder: a file server's may be another than this host's. */
async function timeOf(folder: string): Promise<number> {
  const path = join(folder, randomBytes(16).toString("hex"));
  try {
    await writeFile(path, "", { flag: "wx", mode: 0o600 });
    return (await stat(path)).mtimeMs;
  } finally {
    await rm(path, { force: true });
  }
}

const refused = (location: string) =>
  new Problem("request/invalid", `${JSON.stringify(location)} is not a place for stored content.`);

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
  throw error;
}

/** Throws the error; as a problem, where a user can do something about it. */
function fail(error: unknown): never {
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT")
    throw new Problem(
      "worker/disk-full",
      "The disk that holds the artifacts is full; free some space and try again.",
      {},
      { cause: error },
    );
  throw error;
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength;)
    at += (await file.write(chunk, at, chunk.byteLength - at)).bytesWritten;
}

/** Opens a regular file for reading, and no symbolic link. */
async function openPlain(path: string): Promise<FileHandle> {
  await checkPlain(path);
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

async function checkPlain(path: string): Promise<void> {
  const at = await lstat(path).catch(unlessMissing);
  if (!at?.isFile())
    throw new Problem("artifact/corrupt", `A stored file is missing: ${path}.`, { file: path });
}

async function digest(file: FileHandle): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest("hex") };
}
