import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { processExists } from "@espalier/process";

/** The folders of the attempts of a worker; one for each process: `<scratch>/<host>.<pid>.XXXXXX/<run>-a<attempt>`. */
export class Scratch {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Also removes what workers of this host have left that were killed. */
  static async open(root: string): Promise<Scratch> {
    await mkdir(root, { recursive: true });
    await removeOrphans(root);
    return new Scratch(await mkdtemp(join(root, `${hostname()}.${process.pid}.`)));
  }

  async workspace(runId: string, attempt: number): Promise<Workspace> {
    const folder = join(this.#folder, `${runId}-a${attempt}`);
    const workspace = new Workspace(folder);
    for (const path of [workspace.temporary, workspace.checkpoints]) await mkdir(path, { recursive: true });
    return workspace;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
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

async function removeOrphans(root: string): Promise<void> {
  const prefix = `${hostname()}.`;
  for (const name of await readdir(root)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length).split(".")[0]);
    // In a container every worker may have the same number; this process has made no folder yet.
    if (Number.isInteger(pid) && pid > 0 && (pid === process.pid || !processExists(pid)))
      await rm(join(root, name), { recursive: true, force: true });
  }
}
