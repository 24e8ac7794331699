import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Scratch } from "./workspace.ts";

let root: string;
let owner: ChildProcess | undefined;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "espalier-scratch-"))));
afterEach(async () => {
  if (owner?.pid) process.kill(-owner.pid, "SIGKILL");
  owner = undefined;
  await rm(root, { recursive: true });
});

/** A worker's process with a scratch folder in `place`; `command` may put it into another namespace. */
async function startOwner(place: string, command: readonly string[] = []): Promise<() => Promise<void>> {
  const script = fileURLToPath(new URL("../testing/scratch-owner.ts", import.meta.url));
  const [file, ...args] = [...command, process.execPath, "--import", "tsx", script, place];
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
  owner = child;
  await once(child.stdout, "data");
  return async () => {
    const ended = once(child, "exit");
    process.kill(-child.pid!, "SIGKILL");
    owner = undefined;
    await ended;
  };
}

const openScratch = async (place: string): Promise<Scratch> => {
  const scratch = new Scratch(place);
  await scratch.open();
  return scratch;
};

const canUnshare = ((): boolean => {
  try {
    execFileSync("unshare", ["--pid", "--fork", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe.each([
  ["a short path", "s"],
  ["a path longer than the address of a socket", "long".repeat(40)],
])("the scratch of a worker, at %s", (_what, name) => {
  test("stays while the worker lives, and goes with the next one after it was killed", async () => {
    const place = join(root, name);
    const kill = await startOwner(place);
    const [first] = await readdir(place);
    const second = await openScratch(place);
    expect(await readdir(place)).toContain(first);
    await kill();
    await second.remove();
    expect(await readdir(place)).toEqual([first]);
    const third = await openScratch(place);
    expect(await readdir(place)).not.toContain(first);
    await third.remove();
    expect(await readdir(place)).toEqual([]);
  });
});

test.skipIf(!canUnshare)(
  "a worker in another process namespace keeps its folder, whose number means nothing here",
  async () => {
    const kill = await startOwner(root, ["unshare", "--pid", "--fork", "--kill-child"]);
    const before = await readdir(root);
    const scratch = await openScratch(root);
    expect(await readdir(root)).toEqual(expect.arrayContaining(before));
    await kill();
    await scratch.remove();
  },
);

test("a folder that another host owns stays until it was not touched for a day, though its socket looks closed here", async () => {
  const kill = await startOwner(root);
  const [name] = await readdir(root);
  await kill();
  const owner = join(root, name!, "owner.json");
  await writeFile(owner, JSON.stringify({ system: "another start of another host" }));
  await rename(join(root, name!), join(root, "another-host.1.abcdef"));
  const open = async (): Promise<void> => (await openScratch(root)).remove();
  await open();
  expect(await readdir(root)).toEqual(["another-host.1.abcdef"]);
  const old = new Date(Date.now() - 25 * 3_600_000);
  await utimes(join(root, "another-host.1.abcdef", "owner.json"), old, old);
  await open();
  expect(await readdir(root)).toEqual([]);
});

test("a folder that a killed container has left goes with the next one, which has another host name", async () => {
  const kill = await startOwner(root);
  const [name] = await readdir(root);
  await rename(join(root, name!), join(root, "3f2a9c.1.abcdef"));
  const open = async (): Promise<void> => (await openScratch(root)).remove();
  await open();
  expect(await readdir(root)).toEqual(["3f2a9c.1.abcdef"]);
  await kill();
  await open();
  expect(await readdir(root)).toEqual([]);
});

test("a folder of an older version, or of another host, is not taken for an orphan before its time", async () => {
  const names = [`${hostname()}.12345.abcdef`, ".new-ghijkl", "another-host.1.mnopqr"];
  for (const name of names) await mkdir(join(root, name));
  const old = new Date(Date.now() - 25 * 3_600_000);
  const open = async (): Promise<void> => (await openScratch(root)).remove();
  await open();
  expect((await readdir(root)).sort()).toEqual([...names].sort());
  for (const name of names) await utimes(join(root, name), old, old);
  await open();
  expect(await readdir(root)).toEqual(["another-host.1.mnopqr"]);
  expect((await stat(join(root, "another-host.1.mnopqr"))).isDirectory()).toBe(true);
});
