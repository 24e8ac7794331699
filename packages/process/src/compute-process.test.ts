import { PassThrough, Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startCompute, type ComputeOptions, type ComputeReport } from "./compute-process.ts";

const entry = fileURLToPath(new URL("testing/scripted-compute.mjs", import.meta.url));

function start(script: string, options: Partial<ComputeOptions<"embed">> = {}) {
  const reports: ComputeReport[] = [];
  const child = startCompute<"embed">({
    entry,
    job: { kind: "embed", engine: "none", model: script, encoding: {}, normalize: false, format: "json" },
    environment: { PATH: process.env["PATH"] },
    onReport: (report) => reports.push(report),
    ...options,
  });
  return { ...child, reports };
}

test("an outcome comes with all that was reported and printed before it", async () => {
  const { ended, reports } = start("succeed");
  expect(await ended).toEqual({
    type: "done",
    outcome: expect.objectContaining({ kind: "embed", texts: 1 }),
  });
  expect(reports).toHaveLength(3);
  for (const report of [
    { type: "log", level: "info", message: "one line" },
    { type: "log", level: "warn", message: "another line" },
    { type: "progress", progress: { phase: "p", done: 1, total: 2, unit: "texts" } },
  ])
    expect(reports).toContainEqual(report);
});

test("a problem that the process reports is its end", async () => {
  expect(await start("fail").ended).toMatchObject({ type: "failed", problem: { code: "text/empty" } });
});

test("a process gets no environment but what it is given", async () => {
  const { ended, reports } = start("environment", {
    environment: { PATH: process.env["PATH"], TMPDIR: "/tmp" },
  });
  await ended;
  expect(reports).toEqual([{ type: "log", level: "info", message: "PATH TMPDIR" }]);
});

test("a crash is explained by its signal and by what was printed last", async () => {
  expect(await start("crash").ended).toMatchObject({
    type: "failed",
    problem: {
      code: "worker/child-crashed",
      message: expect.stringMatching(/by SIGSEGV, a segmentation fault\..*the last words/) as string,
    },
  });
});

test("half a message of a process that was killed does not hide how it ended, which may be for memory", async () => {
  let kills = 0;
  expect(await start("half-message", { countOomKills: () => kills++ }).ended).toMatchObject({
    problem: { code: "device/out-of-memory" },
  });
  expect(await start("half-message", { countOomKills: () => 7 }).ended).toMatchObject({
    problem: { message: "The compute process ended by SIGKILL." },
  });
  expect(await start("half-message").ended).toMatchObject({
    problem: { message: "The compute process ended by SIGKILL, most likely because memory ran out." },
  });
});

test("a line that is not a message ends the process", async () => {
  expect(await start("no-message").ended).toMatchObject({
    problem: { code: "internal/error", message: expect.stringContaining("not a message: hello") as string },
  });
});

test("a module that is not there is a crash", async () => {
  expect(
    await start("", { entry: fileURLToPath(new URL("testing/none.mjs", import.meta.url)) }).ended,
  ).toMatchObject({
    problem: {
      code: "worker/child-crashed",
      message: expect.stringContaining("ERR_MODULE_NOT_FOUND") as string,
    },
  });
  expect(await start("", { entry: "/nowhere/none.mjs" }).ended).toMatchObject({
    problem: {
      code: "worker/child-crashed",
      message: expect.stringContaining("cannot be started") as string,
    },
  });
});

test("a process that is asked to stop may end by itself, and is killed after the grace where it does not", async () => {
  const soon = start("stop-soon");
  soon.stop(60);
  expect(await soon.ended).toEqual({ type: "stopped" });
  const never = start("stop-never");
  const given = [0.05, 0.05, 0];
  never.stop(0.1, async () => given.shift()!);
  expect(await never.ended).toEqual({ type: "stopped", killed: "grace" });
  expect(given).toEqual([]);
  expect(() => process.kill(never.pid!, 0)).toThrow("ESRCH");
});

test("a process that is not told in time that it may go on ends itself, also while it computes, and that is no crash", async () => {
  const computing = start("compute", { leaseSeconds: 5 });
  await expect.poll(() => computing.reports.length, { timeout: 20_000 }).toBe(1);
  computing.mayGoOn(0.1);
  expect(await computing.ended).toEqual({ type: "stopped", killed: "lease" });
  const told = start("succeed", { leaseSeconds: 60 });
  expect(await told.ended).toMatchObject({ type: "done" });
});

test("texts go in and vectors come out as streams, and the vectors' stream stays open", async () => {
  const vectors = new PassThrough();
  const texts = Readable.from(["one\n", "two\n"]);
  const { ended } = start("echo", { texts, vectors });
  expect(await ended).toMatchObject({ type: "done" });
  expect(texts.destroyed).toBe(true);
  expect(vectors.writable).toBe(true);
  vectors.end();
  expect(await text(vectors)).toBe("one\ntwo\n");
});

test("a kill ends a process whose vectors nobody takes", async () => {
  const vectors = new Writable({ highWaterMark: 1, write: () => taken!() });
  let taken: (() => void) | undefined;
  const blocked = new Promise<void>((resolve) => (taken = resolve));
  const child = start("flood", { vectors });
  await blocked;
  child.kill();
  expect(await child.ended).toMatchObject({ type: "failed" });
  expect(vectors.destroyed).toBe(false);
});
