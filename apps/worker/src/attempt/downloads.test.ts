import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@espalier/contract";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Downloads } from "./downloads.ts";

let scratch: string;
let downloads: Downloads;
const run = newId("run");
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "espalier-downloads-"));
  downloads = new Downloads(scratch);
});
afterEach(() => rm(scratch, { recursive: true }));

const names = () => readdir(join(scratch, "downloads"));

test("an attempt takes over what the attempt before it left, once", async () => {
  await writeFile(join(await downloads.take(run, 1), "half"), "x");
  const third = await downloads.take(run, 3);
  expect(await readFile(join(third, "half"), "utf8")).toBe("x");
  expect(await names()).toEqual([`${run}-a3`]);
  expect(await downloads.take(run, 3)).toBe(third);
  expect(await readdir(third)).toEqual(["half"]);
});

test("of several earlier downloads an attempt takes the newest, and none of a later attempt or another run", async () => {
  const other = newId("run");
  for (const [id, attempt] of [
    [run, 4],
    [run, 1],
    [run, 2],
    [other, 1],
  ] as const)
    await mkdir(join(scratch, "downloads", `${id}-a${attempt}`, `of-${attempt}`), { recursive: true });
  expect(await readdir(await downloads.take(run, 3))).toEqual(["of-2"]);
  expect(new Set(await names())).toEqual(new Set([`${run}-a3`, `${run}-a4`, `${other}-a1`]));
});

test("downloads of runs that have ended are removed", async () => {
  const ended = newId("run");
  for (const id of [run, ended]) await downloads.take(id, 1);
  await downloads.sweep(async (ids) => ids.filter((id) => id === run));
  expect(await names()).toEqual([`${run}-a1`]);
  await rm(await downloads.take(run, 1), { recursive: true });
  await downloads.sweep(() => expect.unreachable());
  expect(await readdir(scratch)).toEqual([]);
  await downloads.sweep(() => expect.unreachable());
});
