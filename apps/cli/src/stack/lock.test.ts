import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "./lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a folder has one owner at a time, and is free again afterwards", () => {
  const unlock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(/already runs .*process \d+/);
  unlock();
  lockFolder(folder)();
});

test("the lock of a process that is gone is taken over", () => {
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: 2 ** 22 + 1, started: "1" }));
  lockFolder(folder)();
});

test("a process number that another program uses now does not hold the lock", () => {
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, started: "long ago" }));
  lockFolder(folder)();
});

test("an unreadable lock is taken over", () => {
  writeFileSync(join(folder, "lock"), "");
  lockFolder(folder)();
});
