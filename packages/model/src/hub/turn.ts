import { open, readFile, rename, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const pauseMs = 200;
/** For so many pauses a lock may be empty: its maker is about to write its number. */
const emptyPauses = 25;

/** Locks of this process. One with its number that is not among them is of an earlier process that had the same number. */
const own = new Set<string>();

/**
 * Does some work while no other process of this machine does work under the same `lock`, a file with the number of the process
 * that has it. A lock whose process has ended is taken over.
 */
export async function inTurn<Result>(
  lock: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let empty = 0; !(await acquire(lock));) {
    const holder = Number(await readFile(lock, "utf8").catch(() => "0"));
    empty = holder === 0 ? empty + 1 : 0;
    if (holder === 0 ? empty > emptyPauses : !works(holder, lock)) await discard(lock);
    else await sleep(pauseMs, undefined, signal && { signal });
  }
  try {
    return await work();
  } finally {
    own.delete(lock);
    await rm(lock, { force: true });
  }
}

async function acquire(lock: string): Promise<boolean> {
  // Before the file is there, so that nobody in this process takes it for an earlier one's.
  if (own.has(lock)) return false;
  own.add(lock);
  try {
    const file = await open(lock, "wx");
    try {
      await file.writeFile(String(process.pid));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    own.delete(lock);
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a lock under another name first: of two processes that find it abandoned, one removes it. */
async function discard(lock: string): Promise<void> {
  const away = `${lock}.${process.pid}`;
  await rename(lock, away).then(
    () => rm(away, { force: true }),
    () => undefined,
  );
}

function works(pid: number, lock: string): boolean {
  if (pid === process.pid) return own.has(lock);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
