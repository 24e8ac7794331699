import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isModuleFile, type HubSource } from "@espalier/contract";
import { writeDurably } from "../checkpoint/durable.ts";
import { PartialFile, type FileState } from "./partial-file.ts";
import type { Repository } from "./repository.ts";

/** `download.json`: which commit was pinned, and what of its files is durably there. */
interface Journal {
  version: 1;
  endpoint: string;
  source: HubSource;
  repository: Repository;
  files: Record<string, FileState>;
}

const journalFile = "download.json";

/**
 * A download on disk, from which a later process can go on: the files under `model`, and a journal that claims no byte
 * that a crash or a loss of power could take.
 */
export class DownloadFolder {
  readonly repository: Repository;
  /** An earlier process had begun it. */
  readonly resumed: boolean;
  readonly #folder: string;
  readonly #head: Omit<Journal, "files">;
  readonly #states: Record<string, FileState>;
  readonly #files = new Map<string, PartialFile>();
  #saving: Promise<void> = Promise.resolve();

  private constructor(folder: string, { files, ...head }: Journal, resumed: boolean) {
    this.resumed = resumed;
    this.#folder = folder;
    this.#head = head;
    this.#states = files;
    this.repository = head.repository;
  }

  /**
   * Goes on with what an earlier process has left of the same download, at the commit that it had pinned. Anything else in
   * the folder is removed.
   * @param read asks the hub, when there is nothing to go on with
   */
  static async open(
    folder: string,
    { endpoint, source }: { endpoint: string; source: HubSource },
    read: () => Promise<Repository>,
  ): Promise<DownloadFolder> {
    const earlier = await readJournal(folder);
    const same = JSON.stringify([endpoint, source]);
    if (earlier !== undefined && JSON.stringify([earlier.endpoint, earlier.source]) === same) {
      await mkdir(join(folder, "model"), { recursive: true });
      return new DownloadFolder(folder, earlier, true);
    }
    const repository = await read();
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, "model"), { recursive: true, mode: 0o700 });
    const journal: Journal = { version: 1, endpoint, source, repository, files: {} };
    const download = new DownloadFolder(folder, journal, false);
    await download.save();
    return download;
  }

  /** Folder of the files, under their names. */
  get model(): string {
    return join(this.#folder, "model");
  }

  /** The files that were asked for so far, by name. */
  get opened(): ReadonlyMap<string, PartialFile> {
    return this.#files;
  }

  /** A file that the repository announces; undefined where it has none of this name. */
  async file(name: string): Promise<PartialFile | undefined> {
    const opened = this.#files.get(name);
    const announced = this.repository.files.find((each) => each.name === name);
    if (opened !== undefined || announced === undefined) return opened;
    const state = Object.hasOwn(this.#states, name) ? this.#states[name] : undefined;
    if (isModuleFile(name)) await mkdir(join(this.model, dirname(name)), { recursive: true });
    const file = await PartialFile.open(join(this.model, name), announced, state);
    this.#files.set(name, file);
    return file;
  }

  /** Writes down what has arrived; one save at a time. */
  save(): Promise<void> {
    const next = this.#saving.then(() => this.#save());
    this.#saving = next.catch(() => undefined);
    return next;
  }

  /** Closes the files; the folder stays. */
  async close(): Promise<void> {
    await this.#saving;
    await Promise.all([...this.#files.values()].map((file) => file.close()));
    this.#files.clear();
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #save(): Promise<void> {
    for (const [name, file] of this.#files) this.#states[name] = await file.sync();
    const journal: Journal = { ...this.#head, files: this.#states };
    await writeDurably(join(this.#folder, journalFile), (file) => file.writeFile(JSON.stringify(journal)));
  }
}

/** Reads a journal. Undefined for one that cannot be read: the download then starts again. */
async function readJournal(folder: string): Promise<Journal | undefined> {
  try {
    const journal = JSON.parse(await readFile(join(folder, journalFile), "utf8")) as Journal;
    return journal.version === 1 ? journal : undefined;
  } catch {
    return undefined;
  }
}
