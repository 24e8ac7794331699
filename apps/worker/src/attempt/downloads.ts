import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";

const name = /^(run_[0-9a-z]+)-a(\d+)$/;

/**
 * Unfinished downloads, `<scratch>/downloads/<run>-a<attempt>`. They outlive attempts and workers, so that a later attempt
 * of the same run goes on with them; no other run sees them. They are removed when their run has ended.
 */
export class Downloads {
  readonly #root: string;

  constructor(scratchFolder: string) {
    this.#root = join(scratchFolder, "downloads");
  }

  /**
   * The folder of one attempt, with what the attempts before it have left. It is renamed, so that one of them that still
   * runs cannot go on writing its journal there.
   */
  async take(runId: string, attempt: number): Promise<string> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    const mine = join(this.#root, `${runId}-a${attempt}`);
    const earlier = (await this.#list())
      .filter((each) => each.runId === runId && each.attempt < attempt)
      .sort((a, b) => b.attempt - a.attempt);
    for (const { path } of earlier) {
      // Fails where this attempt already has a folder with files.
      await rename(path, mine).catch(() => rm(path, { recursive: true, force: true }));
    }
    await mkdir(mine, { recursive: true, mode: 0o700 });
    return mine;
  }

  /**
   * Removes the downloads of runs that have ended.
   * @param unfinished says which of these runs have not ended
   */
  async sweep(unfinished: (runIds: readonly string[]) => Promise<readonly string[]>): Promise<void> {
    const all = await this.#list();
    const kept = new Set(all.length === 0 ? [] : await unfinished(all.map(({ runId }) => runId)));
    for (const { runId, path } of all) if (!kept.has(runId)) await rm(path, { recursive: true, force: true });
    // Fails, as it should, where some downloads are left.
    await rmdir(this.#root).catch(() => undefined);
  }

  async #list(): Promise<{ runId: string; attempt: number; path: string }[]> {
    const files = await readdir(this.#root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    return files.flatMap((file) => {
      const [, runId, attempt] = name.exec(file) ?? [];
      return runId === undefined ? [] : [{ runId, attempt: Number(attempt), path: join(this.#root, file) }];
    });
  }
}
