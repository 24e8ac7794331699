import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HubSource } from "@espalier/contract";
import { writeDurably } from "../checkpoint/durable.ts";
import type { HubAccess, HubLimits } from "./access.ts";
import { usualAccess, usualCache } from "./config.ts";
import { downloadModel, type DownloadProgress } from "./download-model.ts";
import { inTurn } from "./turn.ts";

export interface CachedModelOptions {
  /** Folder of all models of the hub. @default ESPALIER_CACHE, else `~/.cache/espalier` */
  readonly cache?: string | undefined;
  /** @default what HF_ENDPOINT, HTTPS_PROXY and HF_TOKEN say */
  readonly access?: HubAccess | undefined;
  /** Aborting it keeps what has arrived. */
  readonly signal?: AbortSignal | undefined;
  readonly report?: ((progress: DownloadProgress) => void) | undefined;
  /** Told in a sentence why a download does not move. */
  readonly warn?: ((line: string) => void) | undefined;
  readonly limits?: Partial<HubLimits> | undefined;
}

/**
 * The folder of a model of the hub on this machine. What was asked for once is at hand without a network, and a branch or tag
 * keeps meaning the commit that it meant then; removing its folder from the cache asks anew. A download that was broken off goes on
 * where it was, also in another process; of two processes that want the same one, the second waits.
 *
 * Below the cache: `org/name/commits/<commit>` is a model, `org/name/refs/<revision>` says which commit a revision means,
 * `org/name/downloads` is unfinished.
 * @throws {Problem} what `downloadModel` throws
 */
export async function cachedModel(source: HubSource, options: CachedModelOptions = {}): Promise<string> {
  const { cache = usualCache(), signal, report, warn, limits } = options;
  const { hub, revision = "main", layers } = source;
  const home = join(cache, hub);
  const part = layers === undefined ? "" : `-${layers}-layers`;
  const folderOf = (commit: string): string => join(home, "commits", `${commit}${part}`);
  // A revision may hold slashes, and differ from another one by case alone, which some file systems do not tell apart.
  const key = `${createHash("sha256").update(revision).digest("hex").slice(0, 16)}${part}`;
  const ref = join(home, "refs", key);

  const find = async (): Promise<string | undefined> => {
    const commit = isCommit.test(revision) ? revision : await readFile(ref, "utf8").catch(() => undefined);
    if (commit === undefined || !isCommit.test(commit)) return undefined;
    return (await isFolder(folderOf(commit))) ? folderOf(commit) : undefined;
  };
  const found = await find();
  if (found !== undefined) return found;

  const downloads = join(home, "downloads");
  await mkdir(downloads, { recursive: true });
  const download = async (): Promise<string> => {
    const made = await find();
    if (made !== undefined) return made;
    const arrived = join(downloads, `${key}.model`);
    await rm(arrived, { recursive: true, force: true });
    const { commit } = await downloadModel(source, {
      access: options.access ?? usualAccess(),
      folder: join(downloads, key),
      output: arrived,
      ...(signal && { signal }),
      ...(report && { report }),
      ...(warn && { warn }),
      ...(limits && { limits }),
    });
    await mkdir(join(home, "commits"), { recursive: true });
    // Another revision of the same commit may have brought it here already.
    if (await isFolder(folderOf(commit))) await rm(arrived, { recursive: true });
    else await rename(arrived, folderOf(commit));
    await mkdir(join(home, "refs"), { recursive: true });
    await writeDurably(ref, (file) => file.writeFile(commit));
    return folderOf(commit);
  };
  return inTurn(join(downloads, `${key}.lock`), download, signal);
}

const isCommit = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/;

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true;
