import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { hasEnded, identify, isRunning, ownIdentity, processExists, waitForEnd } from "./identity.ts";

test("this process runs and has not ended", () => {
  expect(isRunning(ownIdentity())).toBe(true);
  expect(hasEnded(ownIdentity())).toBe(false);
  expect(identify(process.pid)).toEqual(ownIdentity());
});

test("a process has ended when its number is free, or is another's", async () => {
  const child = spawn("true");
  const identity = { ...ownIdentity(), pid: child.pid! };
  await once(child, "exit");
  expect(hasEnded(identity)).toBe(true);
  expect(processExists(identity.pid)).toBe(false);
  expect(identify(identity.pid)).toBeUndefined();
  expect(hasEnded({ ...ownIdentity(), started: "1" })).toBe(true);
});

test("an identity without a place means a process here", () => {
  const { pid, started } = ownIdentity();
  expect(isRunning({ pid, started: started! })).toBe(true);
  expect(hasEnded({ pid, started: "1" })).toBe(true);
});

test("nothing is known of a process in another place", () => {
  for (const place of ["another boot", "another host"]) {
    const identity = { ...ownIdentity(), place, pid: 999_999_999 };
    expect([hasEnded(identity), isRunning(identity)]).toEqual([false, false]);
  }
});

test("without a start time the number decides, and this process's own number is an earlier process's", () => {
  const { place } = ownIdentity();
  expect(isRunning({ place: place!, pid: process.ppid })).toBe(true);
  expect(hasEnded({ place: place!, pid: 999_999_999 })).toBe(true);
  expect(hasEnded({ place: place!, pid: process.pid })).toBe(true);
});

test("waiting lasts until the process has ended, or until the time is over", async () => {
  const child = spawn("sleep", ["60"]);
  const identity = identify(child.pid!)!;
  expect(await waitForEnd(identity, 0.1)).toBe(false);
  child.kill("SIGKILL");
  expect(await waitForEnd(identity, 30)).toBe(true);
});
