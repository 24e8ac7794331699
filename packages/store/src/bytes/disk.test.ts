import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bytes } from "./bytes.ts";
import { openDisk } from "./disk.ts";

let folder: string;
let root: string;
let disk: Bytes;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-disk-"));
  root = join(folder, "root");
  disk = await openDisk(root);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}
const read = async (location: string, range?: { start?: number; end?: number }) => {
  let text = "";
  for await (const chunk of await disk.open(location, range)) text += String(chunk);
  return text;
};
const strays = () => readdir(join(root, ".tmp"));

it("writes to where its folder leads now, when the folder is a link that a person points elsewhere", async () => {
  const link = join(folder, "link");
  await symlink(root, link);
  disk = await openDisk(link);
  const second = join(folder, "second");
  await mkdir(second);
  await rm(link);
  await symlink(second, link);
  await disk.put("runs/r/a.txt", chunks("apple"));
  expect(await read("runs/r/a.txt")).toBe("apple");
  expect(await readFile(join(second, "runs/r/a.txt"), "utf8")).toBe("apple");
  expect(existsSync(join(root, "runs"))).toBe(false);
});

describe("a folder that becomes another one", () => {
  let link: string;
  let second: string;
  const lead = async (to: string): Promise<void> => {
    await rm(link, { force: true });
    await symlink(to, link);
  };
  beforeEach(async () => {
    [link, second] = [join(folder, "link"), join(folder, "second")];
    await mkdir(second);
    await lead(root);
  });
  const changed = { code: "storage/unavailable" };

  it("while it is confirmed, gets nothing", async () => {
    disk = await openDisk(link, { confirm: () => lead(second) });
    await expect(disk.put("runs/r/a.txt", chunks("apple"))).rejects.toMatchObject(changed);
    expect([existsSync(join(root, "runs")), existsSync(join(second, "runs"))]).toEqual([false, false]);
    await disk.put("runs/r/a.txt", chunks("apple"));
    expect(await readFile(join(second, "runs/r/a.txt"), "utf8")).toBe("apple");
  });

  it("while it is written, is told, and what is written again lies in the new one", async () => {
    disk = await openDisk(link);
    async function* switching() {
      await lead(second);
      yield Buffer.from("apple");
    }
    await expect(disk.put("runs/r/a.txt", switching())).rejects.toMatchObject(changed);
    await disk.put("runs/r/a.txt", chunks("apple"));
    expect(await readFile(join(second, "runs/r/a.txt"), "utf8")).toBe("apple");
  });

  it("while a file is taken over, leaves the file where it was, to be taken over again", async () => {
    const from = join(folder, "made.txt");
    await writeFile(from, "apple");
    let confirmed = false;
    disk = await openDisk(link, {
      async confirm() {
        if (!confirmed) await lead(second);
        confirmed = true;
      },
    });
    await expect(disk.adopt(from, "runs/r/a.txt")).rejects.toMatchObject(changed);
    expect(await readFile(from, "utf8")).toBe("apple");
    await disk.adopt(from, "runs/r/a.txt");
    expect(await readFile(join(second, "runs/r/a.txt"), "utf8")).toBe("apple");
  });
});

describe("put", () => {
  it("stores a stream, gives its size and checksum, and reads back any range", async () => {
    const stored = await disk.put("uploads/u/x/a.txt", chunks("apple", " tree"));
    expect(stored).toEqual({ location: "uploads/u/x/a.txt", bytes: 10, sha256: sha256("apple tree") });
    expect(await read("uploads/u/x/a.txt")).toBe("apple tree");
    expect(await read("uploads/u/x/a.txt", { start: 6, end: 8 })).toBe("tre");
    expect((await stat(await disk.pathOf(stored.location))).mode & 0o777).toBe(0o400);
    await disk.verify(stored);
  });

  it("leaves nothing, and what was there before, when the source breaks or differs from its declaration", async () => {
    await disk.put("datasets/d/a", chunks("old"));
    async function* breaking() {
      yield Buffer.from("ne");
      throw new Error("the line is dead");
    }
    await expect(disk.put("datasets/d/a", breaking())).rejects.toThrow("the line is dead");
    await expect(disk.put("datasets/d/a", chunks("12", "34"), { maxBytes: 3 })).rejects.toMatchObject({
      code: "request/too-large",
    });
    for (const declared of [{ bytes: 4 }, { sha256: sha256("other") }])
      await expect(disk.put("datasets/d/a", chunks("new"), { expect: declared })).rejects.toMatchObject({
        code: "upload/incomplete",
      });
    await expect(
      disk.put("datasets/d/a", chunks("new"), { signal: AbortSignal.abort(new Error("gone")) }),
    ).rejects.toThrow("gone");
    expect(await read("datasets/d/a")).toBe("old");
    expect(await strays()).toEqual([]);
  });

  it.skipIf(!existsSync("/dev/full"))("says that the disk is full", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    async function* source() {
      yield Buffer.from("a");
      // What a write to a full disk throws, taken from a device that always is.
      await writeFile("/dev/full", "b").catch((error: unknown) => {
        expect(error).toMatchObject({ code: full.code });
        throw error;
      });
    }
    await expect(disk.put("runs/r/a1/c", source())).rejects.toMatchObject({ code: "worker/disk-full" });
    expect(await strays()).toEqual([]);
  });
});

describe("a location", () => {
  it("never leads out of the root", async () => {
    await writeFile(join(folder, "secret"), "s");
    await symlink(folder, join(root, "runs"));
    const locations = [
      "../secret",
      "runs/secret",
      "/etc/passwd",
      "",
      "a//b",
      "a/./b",
      ".tmp/x",
      "a\\b",
      "a/\0",
    ];
    for (const location of locations)
      for (const refused of [
        () => disk.open(location),
        () => disk.pathOf(location),
        () => disk.remove(location),
        () => disk.put(location, chunks("x")),
      ])
        await expect(refused()).rejects.toMatchObject({ code: "request/invalid" });
    expect(await readFile(join(folder, "secret"), "utf8")).toBe("s");
  });

  it("is refused or stays inside the root, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom(".", "/", "a", "\\", "~", "-") }),
        async (location) => {
          await disk.put(location, chunks("x")).catch((error: unknown) => {
            // `a` as a file and `a/b` as another cannot both be.
            expect((error as { code: string }).code).toMatch(
              /^(request\/invalid|EEXIST|ENOTDIR|EISDIR|ENOTEMPTY)$/,
            );
          });
          expect(await readdir(folder)).toEqual(["root"]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is reported as corrupt when it is a symbolic link or does not exist", async () => {
    await mkdir(join(root, "datasets/d"), { recursive: true });
    await writeFile(join(folder, "secret"), "s");
    await symlink(join(folder, "secret"), join(root, "datasets/d/link"));
    for (const location of ["datasets/d/link", "datasets/d/none"])
      await expect(disk.open(location)).rejects.toMatchObject({ code: "artifact/corrupt" });
  });
});

describe("adopt", () => {
  it("moves a finished file in, and refuses one behind a symbolic link", async () => {
    const from = join(folder, "made");
    await writeFile(from, "weights");
    const stored = await disk.adopt(from, "runs/r/a1/model");
    expect(stored).toEqual({ location: "runs/r/a1/model", bytes: 7, sha256: sha256("weights") });
    expect(existsSync(from)).toBe(false);
    await disk.verify(stored);
    await writeFile(join(folder, "target"), "x");
    await symlink(join(folder, "target"), from);
    await expect(disk.adopt(from, "runs/r/a1/other")).rejects.toMatchObject({ code: "artifact/corrupt" });
  });
});

describe("stored files", () => {
  it("appear in a folder under their names, without a copy, again and again", async () => {
    const { location } = await disk.put("uploads/u/p/f", chunks("{}"));
    for (let i = 0; i < 2; i++)
      await disk.materialise([{ name: "config.json", location }], join(folder, "m"));
    expect((await stat(join(folder, "m/config.json"))).ino).toBe(
      (await stat(await disk.pathOf(location))).ino,
    );
    await expect(disk.materialise([{ name: "../x", location }], join(folder, "m"))).rejects.toMatchObject({
      code: "request/invalid",
    });
  });

  it("are reported when their content has changed", async () => {
    const stored = await disk.put("runs/r/a1/f", chunks("good"));
    await rm(await disk.pathOf(stored.location));
    await writeFile(join(root, stored.location), "evil");
    await expect(disk.verify(stored)).rejects.toMatchObject({ code: "artifact/corrupt" });
  });

  it("are removed with their folder, and removing missing ones does nothing", async () => {
    await disk.put("uploads/u/p/f", chunks("x"));
    await disk.remove("uploads/u");
    await disk.remove("uploads/u");
    await expect(disk.pathOf("uploads/u/p/f")).rejects.toMatchObject({ code: "artifact/corrupt" });
  });
});

it("removes half-written files when they are old", async () => {
  for (const name of ["old", "young"]) await writeFile(join(root, ".tmp", name), "x");
  await utimes(join(root, ".tmp", "old"), new Date(0), new Date(0));
  expect(await disk.sweep(60)).toBe(1);
  expect(await strays()).toEqual(["young"]);
});
