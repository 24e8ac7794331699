import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { link, lstat, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { finished } from "node:stream/promises";
import type { Writable } from "node:stream";
import { Problem } from "@espalier/contract";
import { refusedAt } from "./refused-at.ts";

/**
 * Makes the file `path`, which appears whole or not at all: `fill` writes one of another name beside it, which then takes its
 * place.
 * @throws {Problem} `resource/conflict` when `path` exists; the system's error when nothing can be written there
 */
export async function makeFile<Result>(
  path: string,
  fill: (file: Writable) => Promise<Result>,
): Promise<Result> {
  const occupied = () =>
    new Problem("resource/conflict", `${path} exists; choose another file, or remove it first.`);
  if (await lstat(path).catch(() => undefined)) throw occupied();
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}`);
  const file = createWriteStream(draft, { flags: "wx", flush: true });
  // It is told by whoever writes, and by the end that is waited for.
  file.on("error", () => undefined);
  try {
    await new Promise<void>((resolve, reject) => file.once("open", () => resolve()).once("error", reject));
    const result = await fill(file);
    file.end();
    await finished(file);
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") throw occupied();
      // Some file systems have no links.
      if (error.code !== "EPERM" && error.code !== "ENOTSUP") throw error;
      return rename(draft, path);
    });
    return result;
  } catch (error) {
    // Whoever writes into a file that fails may see no more than that nobody reads.
    throw refusedAt(file.errored ?? error, path, draft);
  } finally {
    file.destroy();
    await rm(draft, { force: true });
  }
}
