import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "@espalier/contract";
import { isRunning, ownIdentity, type ProcessIdentity } from "@espalier/process";

/**
 * Takes the folder for this process; `resource/conflict` when a living process has it.
 * The lock is a hard link to a file that already holds its owner, so that nobody reads an empty one; a dead owner's
 * lock is moved away by the first process that finds it, and then all try to make the link again.
 * @returns releases the lock
 */
export function lockFolder(folder: string): () => void {
  const lock = join(folder, "lock");
  const mine = ownIdentity();
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(draft, lock);
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = readOwner(lock);
      if (owner && isRunning(owner))
        throw new Problem(
          "resource/conflict",
          `An Espalier stack already runs on ${folder} (process ${owner.pid}); stop it first, or choose another folder with --data.`,
        );
      removeDead(lock, `${draft}.dead`);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Moves the lock away and looks at it again: between reading and moving, another may have taken it alive. */
function removeDead(lock: string, away: string): void {
  try {
    renameSync(lock, away);
  } catch {
    return; // Another one was faster.
  }
  const owner = readOwner(away);
  if (owner && isRunning(owner)) linkSync(away, lock);
  rmSync(away, { force: true });
}

function readOwner(lock: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(lock, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
