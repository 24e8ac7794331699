import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Processes } from "./processes.ts";

let proc: string;
beforeEach(async () => {
  proc = await mkdtemp(join(tmpdir(), "espalier-proc-"));
  await mkdir(join(proc, "self/ns"), { recursive: true });
});
afterEach(() => rm(proc, { recursive: true }));

const namespace = (number: number) => symlink(`pid:[${number}]`, join(proc, "self/ns/pid"));
const onHost = () => namespace(4_026_531_836);
/** Processes by number, each with its parent. */
async function run(parents: Record<number, number>) {
  for (const [pid, parent] of Object.entries(parents)) {
    await mkdir(join(proc, pid), { recursive: true });
    await writeFile(join(proc, pid, "stat"), `${pid} (a (b) c) S ${parent} 0 0`);
  }
}
const on = (pids: number[], busy = false) => ({ busy, processes: pids.map((pid) => ({ pid, name: "x" })) });
const numbers = (found: { pid: number }[][]) => found.map((each) => each.map(({ pid }) => pid));

describe("processes on a card", () => {
  it("are ours when they descend from the worker", async () => {
    await onHost();
    await run({ 1: 0, 50: 1, 100: 50, 101: 100, 102: 101, 200: 50, 201: 200 });
    const processes = new Processes({ root: 100, proc });
    expect(numbers(await processes.foreign([on([101, 102]), on([201, 102, 200]), on([1, 50])]))).toEqual([
      [],
      [201, 200],
      [1, 50],
    ]);
  });

  it("that the kernel does not know any more are ending, unless they stay", async () => {
    await onHost();
    await run({ 100: 1 });
    const processes = new Processes({ root: 100, proc });
    expect(numbers(await processes.foreign([on([7])]))).toEqual([[]]);
    expect(numbers(await processes.foreign([on([7, 8])]))).toEqual([[7]]);
    expect(numbers(await processes.foreign([on([8])]))).toEqual([[8]]);
    expect(numbers(await processes.foreign([on([])]))).toEqual([[]]);
    expect(numbers(await processes.foreign([on([8])]))).toEqual([[]]);
  });

  it("cannot be distinguished in a container while a run is on the card, and are foreign when there is none", async () => {
    await namespace(4_026_532_999);
    await run({ 1: 0, 12: 1 });
    const processes = new Processes({ root: 1, proc });
    expect(numbers(await processes.foreign([on([88_000], true), on([88_001]), on([12], true)]))).toEqual([
      [],
      [88_001],
      [],
    ]);
  });

  it.runIf(process.platform === "linux")("are distinguished in the real /proc too", async () => {
    const child = spawn("sh", ["-c", "sleep 60 & echo $!; wait"], { stdio: ["ignore", "pipe", "inherit"] });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const grandchild = Number(text.toString());
    try {
      const [found] = await new Processes().foreign([on([child.pid!, grandchild, process.ppid])]);
      expect(found?.map(({ pid }) => pid)).toEqual([process.ppid]);
    } finally {
      process.kill(grandchild);
      child.kill();
    }
  });
});
