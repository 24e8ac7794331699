import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of this checkout. */
export const today = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The commit whose databases and workers this one must get along with. */
export const previousCommit = "c3013a5dae8b0a58e8429f465f084bee3ef8de40";

/** Whether the repository's history holds a commit: a shallow clone, or a folder without its history, does not. */
export function hasCommit(commit: string): boolean {
  try {
    execFileSync("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: today, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The files of a commit in a temporary folder, ready to run; see `removeCheckout`. */
export function checkOut(commit: string): string {
  const root = mkdtempSync(join(tmpdir(), "espalier-checkout-"));
  const archive = join(root, "checkout.tar");
  execFileSync("git", ["archive", "--format=tar", `--output=${archive}`, commit], { cwd: today });
  execFileSync("tar", ["-xf", archive, "-C", root]);
  rmSync(archive);
  linkPackages(root);
  execFileSync(process.execPath, ["node_modules/prisma/build/index.js", "generate"], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    // Prisma looks for its schema engine before `generate`, which does not use it; any existing file will do.
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
    },
  });
  return root;
}

export const removeCheckout = (root: string): void => rmSync(root, { recursive: true, force: true });

/** Gives a checkout the third-party packages that are installed here, and its own workspaces. */
function linkPackages(root: string): void {
  const installed = join(today, "node_modules");
  const modules = join(root, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(installed))
    if (!name.startsWith(".") && name !== "@espalier")
      symlinkSync(join(installed, name), join(modules, name));
  for (const group of ["apps", "packages"])
    for (const folder of readdirSync(join(root, group))) {
      const manifest = JSON.parse(readFileSync(join(root, group, folder, "package.json"), "utf8")) as {
        name: string;
      };
      const link = join(modules, manifest.name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, group, folder), link);
    }
}
