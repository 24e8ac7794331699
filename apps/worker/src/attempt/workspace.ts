import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { own, ownerOf } from "./owned-folder.ts";

/** Of a folder that is being made. */
const draftPrefix = ".new-";

/** The folders of the attempts of a worker; one for each process: `<scratch>/<host>.<pid>.XXXXXX/<run>-a<attempt>`. */
export class Scratch {
  readonly #folder: string;
  readonly #disown: () => Promise<void>;

  private constructor(folder: string, disown: () => Promise<void>) {
    this.#folder = folder;
    this.#disown = disown;
  }

  /** Also removes what workers of this host have left that were killed. */
  static async open(root: string): Promise<Scratch> {
    await mkdir(root, { recursive: true });
    await removeOrphans(root);
    // It has its owner before it has its name, so that no other worker takes it for an orphan.
    const draft = await mkdtemp(join(root, draftPrefix));
    const disown = await own(draft);
    const folder = join(root, `${hostname()}.${process.pid}.${basename(draft).slice(draftPrefix.length)}`);
    await rename(draft, folder);
    return new Scratch(folder, disown);
  }

  async workspace(runId: string, attempt: number): Promise<Workspace> {
    const folder = join(this.#folder, `${runId}-a${attempt}`);
    const workspace = new Workspace(folder);
    for (const path of [workspace.temporary, workspace.checkpoints]) await mkdir(path, { recursive: true });
    return workspace;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await this.#disown();
  }
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
  get resume(): string {
    return join(this.folder, "resume");
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Removes the folders whose owners have ended. One that was never owned is of a worker that starts at this moment, or of an
 * older version, which may still run: it stays for a day after its last change.
 */
async function removeOrphans(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(draftPrefix) && !name.startsWith(`${hostname()}.`)) continue;
    const folder = join(root, name);
    const owner = await ownerOf(folder);
    if (owner === "ended" || (owner === "never" && (await ageOf(folder)) > unownedHours))
      await rm(folder, { recursive: true, force: true });
  }
}

const unownedHours = 24;

/** Hours since the last change of a folder. */
async function ageOf(folder: string): Promise<number> {
  const { mtimeMs = Date.now() } = (await stat(folder).catch(() => undefined)) ?? {};
  return (Date.now() - mtimeMs) / 3_600_000;
}
