import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { own, ownerOf } from "./owned-folder.ts";

/** Of a folder that is being made. */
const draftPrefix = ".new-";

/** Of the folder of a process, `<host>.<pid>.XXXXXX`. */
const processFolder = /^.+\.\d+\.[A-Za-z0-9]{6}$/;

/** The folders of the attempts of a worker; one for each process: `<root>/<host>.<pid>.XXXXXX/<run>-a<attempt>`. */
export class Scratch {
  /** Folder that workers may share. */
  readonly root: string;
  #opened: Promise<{ folder: string; disown: () => Promise<void> }> | undefined;

  constructor(root: string) {
    this.root = root;
  }

  /** Makes the folder of this process, once, and removes what workers have left that were killed. */
  async open(): Promise<void> {
    await this.#open();
  }

  async workspace(runId: string, attempt: number): Promise<Workspace> {
    const { folder } = await this.#open();
    const workspace = new Workspace(join(folder, `${runId}-a${attempt}`));
    for (const path of [workspace.temporary, workspace.checkpoints]) await mkdir(path, { recursive: true });
    return workspace;
  }

  async remove(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    if (!opened) return;
    await rm(opened.folder, { recursive: true, force: true });
    await opened.disown();
  }

  #open() {
    this.#opened ??= makeFolder(this.root).catch((error: unknown) => {
      // The disk may be full, or away, and is tried again.
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}

async function makeFolder(root: string): Promise<{ folder: string; disown: () => Promise<void> }> {
  await mkdir(root, { recursive: true });
  await removeOrphans(root);
  // It has its owner before it has its name, so that no other worker takes it for an orphan.
  const draft = await mkdtemp(join(root, draftPrefix));
  const disown = await own(draft);
  const folder = join(root, `${hostname()}.${process.pid}.${basename(draft).slice(draftPrefix.length)}`);
  await rename(draft, folder);
  return { folder, disown };
}

/** The folder of one attempt. Nothing in it outlives the attempt. */
export class Workspace {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get model(): string {
    return join(this.folder, "model");
  }
  get output(): string {
    return join(this.folder, "output");
  }
  get checkpoints(): string {
    return join(this.folder, "checkpoints");
  }
  get temporary(): string {
    return join(this.folder, "tmp");
  }
  get datasets(): string {
    return join(this.folder, "datasets");
  }
  get base(): string {
    return join(this.folder, "base");
  }
  get teacher(): string {
    return join(this.folder, "teacher");
  }
  /** What is stored of a run beside its output. */
  get beside(): string {
    return join(this.folder, "beside");
  }
  get resume(): string {
    return join(this.folder, "resume");
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Removes the folders whose owners have ended, also those of other hosts' names, which containers change at each start. One that
 * was never owned is of a worker that starts at this moment, or of an older version, which may still run: where it has
 * this host's name, it goes a day after its last change.
 */
async function removeOrphans(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(draftPrefix) && !processFolder.test(name)) continue;
    const folder = join(root, name);
    const owner = await ownerOf(folder);
    const isOurs = name.startsWith(draftPrefix) || name.startsWith(`${hostname()}.`);
    if (owner === "ended" || (owner === "never" && isOurs && (await ageOf(folder)) > unownedHours))
      await rm(folder, { recursive: true, force: true });
  }
}

const unownedHours = 24;

/** Hours since the last change of a folder. */
async function ageOf(folder: string): Promise<number> {
  const { mtimeMs = Date.now() } = (await stat(folder).catch(() => undefined)) ?? {};
  return (Date.now() - mtimeMs) / 3_600_000;
}
