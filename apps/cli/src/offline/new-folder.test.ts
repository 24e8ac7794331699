import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolder } from "./new-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-folder-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function fill(draft: string): Promise<string> {
  await mkdir(draft);
  await writeFile(join(draft, "file"), "whole");
  return "result";
}

test("the folder appears when it is complete, with the folders above it, and nothing beside it", async () => {
  const path = join(folder, "a", "b", "out");
  const result = await makeFolder(path, async (draft) => {
    expect(await readdir(join(folder, "a", "b"))).not.toContain("out");
    return fill(draft);
  });
  expect(result).toBe("result");
  expect(await readdir(join(folder, "a", "b"))).toEqual(["out"]);
  expect(await readFile(join(path, "file"), "utf8")).toBe("whole");
});

test("what failed half-way leaves nothing, the folders above included", async () => {
  const failing = makeFolder(join(folder, "a", "b", "out"), async (draft) => {
    await fill(draft);
    throw new Error("killed");
  });
  await expect(failing).rejects.toThrow("killed");
  expect(await readdir(folder)).toEqual([]);
});

test("folders above stay where others have begun to use them", async () => {
  const failing = makeFolder(join(folder, "a", "b", "out"), async () => {
    await writeFile(join(folder, "a", "other"), "");
    throw new Error("killed");
  });
  await expect(failing).rejects.toThrow("killed");
  expect(await readdir(join(folder, "a"))).toEqual(["other"]);
});

test("what exists is refused before any work, even where it leads nowhere, and stays as it is", async () => {
  const work = () => Promise.reject(new Error("nothing is done"));
  await mkdir(join(folder, "empty"));
  await writeFile(join(folder, "file"), "mine");
  await symlink("nowhere", join(folder, "link"));
  for (const name of ["empty", "file", "link"])
    await expect(makeFolder(join(folder, name), work)).rejects.toMatchObject({ code: "resource/conflict" });
  expect((await readdir(folder)).sort()).toEqual(["empty", "file", "link"]);
});

test("a folder that somebody makes before the work is done is not overwritten", async () => {
  const path = join(folder, "out");
  const late = makeFolder(path, async (draft) => {
    await fill(draft);
    await mkdir(path);
    await writeFile(join(path, "file"), "theirs");
  });
  await expect(late).rejects.toMatchObject({ code: "resource/conflict" });
  expect(await readFile(join(path, "file"), "utf8")).toBe("theirs");
  expect(await readdir(folder)).toEqual(["out"]);
});

test("a place where nothing can be made is refused with a message", async () => {
  await writeFile(join(folder, "file"), "mine");
  await expect(makeFolder(join(folder, "file", "out"), fill)).rejects.toMatchObject({
    code: "ENOTDIR",
    path: join(folder, "file", "out"),
  });
});
