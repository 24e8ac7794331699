import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { hasEnded, ownIdentity } from "./identity.ts";

it("this process has not ended", () => {
  expect(hasEnded(ownIdentity())).toBe(false);
});

it("a process has ended when its number is free, or is another's", async () => {
  const child = spawn("true");
  const identity = JSON.parse(ownIdentity()) as Record<string, unknown>;
  const pid = child.pid;
  await once(child, "exit");
  expect(hasEnded(JSON.stringify({ ...identity, pid }))).toBe(true);
  if ("started" in identity) expect(hasEnded(JSON.stringify({ ...identity, started: "1" }))).toBe(true);
});

it("nothing is known of a process elsewhere", () => {
  const identity = JSON.parse(ownIdentity()) as object;
  expect(hasEnded(JSON.stringify({ ...identity, place: "another boot", pid: 999_999_999 }))).toBe(false);
  expect(hasEnded(JSON.stringify({ place: "another host", pid: 999_999_999 }))).toBe(false);
});
