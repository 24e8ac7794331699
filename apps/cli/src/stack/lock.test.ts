import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  expectTaken();
});

/** Takes the lock, which then names this process. */
function expectTaken(): void {
  const unlock = lockFolder(folder);
  expect(JSON.parse(readFileSync(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
  unlock();
}

test("the lock of a process that is gone is taken over", () => {
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: 2 ** 22 + 1, started: "1" }));
  expectTaken();
});

test("a process number that another program uses now does not hold the lock", () => {
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, started: "long ago" }));
  expectTaken();
});

test("an unreadable lock is taken over", () => {
  writeFileSync(join(folder, "lock"), "");
  expectTaken();
});
