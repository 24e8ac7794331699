import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, statfsSync, symlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The path at which one process finds the data folder. What it leads to is changed at once, as by a mount. */
export class Mount {
  readonly path: string;
  readonly #right: string;

  /** @param right the pool's data folder */
  constructor(path: string, right: string) {
    this.path = path;
    this.#right = right;
    this.show(right);
  }

  show(folder: string): void {
    const fresh = `${this.path}.new`;
    symlinkSync(folder, fresh);
    renameSync(fresh, this.path);
  }

  heal(): void {
    this.show(this.#right);
  }
}

const mount = (folder: string, megabytes: number): boolean =>
  spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]).status === 0;
const unmount = (folder: string) => spawnSync("umount", ["-l", folder]);

/** Why no small file system can be had here. Tried once: a container may be root and yet not mount. */
export const noVolume = ((): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-mount-"));
  const can = mount(folder, 1);
  if (can) unmount(folder);
  rmSync(folder, { recursive: true });
  return can ? undefined : "a small file system cannot be mounted here";
})();

/** A small file system, which can be filled. */
export class Volume implements Disposable {
  readonly folder: string;

  constructor(folder: string, megabytes: number) {
    mkdirSync(folder);
    if (!mount(folder, megabytes)) throw new Error(`${folder} cannot be mounted`);
    this.folder = folder;
  }

  get #filler(): string {
    return join(this.folder, ".filler");
  }

  /** Leaves no byte free. */
  async fill(): Promise<void> {
    const { bavail, bsize } = statfsSync(this.folder);
    const more = Buffer.alloc(bavail * bsize + 1);
    await writeFile(this.#filler, more, { flag: "a" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOSPC") throw error;
    });
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  copyFrom(folder: string): void {
    cpSync(folder, this.folder, { recursive: true, preserveTimestamps: true });
  }

  copyTo(folder: string): void {
    cpSync(this.folder, folder, { recursive: true, preserveTimestamps: true });
  }

  [Symbol.dispose](): void {
    unmount(this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
