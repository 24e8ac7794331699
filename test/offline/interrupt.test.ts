import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { programArguments } from "@espalier/process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../../apps/cli/src/cli.ts";
import { repository } from "../../apps/cli/src/repository.ts";
import { until } from "../worker/pool.ts";
import { demoModel, demoTriplets } from "../../apps/cli/src/testing/espalier.ts";

let folder: string;
let cli: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-interrupt-"));
});
afterEach(async () => {
  if (cli?.exitCode === null && cli.signalCode === null) cli.kill("SIGKILL");
  cli = undefined;
  await rm(folder, { recursive: true });
});

/** The command line as a process of its own. */
function start(...args: string[]): ChildProcess {
  const child = spawn(
    process.execPath,
    [...programArguments(join(repository, "apps/cli/src/main.ts")), ...args],
    {
      cwd: repository,
      env: { PATH: process.env.PATH, INIT_CWD: folder },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  cli = child;
  return child;
}

/** Process numbers of the compute processes that a command line has started and that still run. */
async function computing(supervisor: number): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    if (command.includes(`dist/compute.mjs\0${supervisor}\0`)) found.push(pid);
  }
  return found;
}

describe.runIf(process.platform === "linux")("Ctrl-C", () => {
  const search = ["l3prune", demoModel, "--triplets", demoTriplets, "--out", "deep/out"];

  const train = ["train", demoModel, "--triplets", demoTriplets, "--out", "deep/out"];

  test.each([
    ["SIGINT", search, /^$/],
    ["SIGTERM", search, /^$/],
    ["SIGINT", train, /^interrupted: nothing was written, and the next training begins anew .*\n$/],
  ] as const)(
    "%s ends %s with exit 2, its process at once, and leaves nothing written",
    async (signal, command, told) => {
      const { pid, stdout, stderr } = start(...command);
      const output = Promise.all([text(stdout!), text(stderr!)]);
      await until(async () => (await computing(pid!)).length > 0);
      expect((await readdir(join(folder, "deep"))).length).toBe(1);
      cli!.kill(signal);
      expect(await once(cli!, "exit")).toEqual([2, null]);
      expect(await computing(pid!)).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
      expect(await output).toEqual(["", expect.stringMatching(told)]);
    },
  );

  test("a compute process does not outlive a command line that was killed", async () => {
    const { pid } = start(...search);
    await until(async () => (await computing(pid!)).length > 0);
    cli!.kill("SIGKILL");
    await once(cli!, "exit");
    await expect.poll(() => computing(pid!), { timeout: 30_000 }).toEqual([]);
  });

  test("a compute process that is killed is one line of error, and leaves nothing written", async () => {
    const { pid, stdout, stderr } = start(...search);
    const output = Promise.all([text(stdout!), text(stderr!)]);
    await until(async () => (await computing(pid!)).length > 0);
    for (const child of await computing(pid!)) process.kill(Number(child), "SIGKILL");
    expect(await once(cli!, "exit")).toEqual([1, null]);
    expect(await output).toEqual([
      "",
      "error worker/child-crashed: The compute process ended by SIGKILL, most likely because memory ran out.\n",
    ]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("a reader that has enough ends the embedding without an error", async () => {
    const { pid, stdin, stdout, stderr } = start("embed", demoModel, "--keep", "1", "--max-length", "8");
    const errors = text(stderr!);
    stdin!.on("error", () => undefined);
    Readable.from(lines()).pipe(stdin!);
    await once(stdout!, "data");
    stdout!.destroy();
    expect(await once(cli!, "exit")).toEqual([0, null]);
    expect(await errors).toBe("");
    await until(async () => (await computing(pid!)).length === 0);
  });
});

let taken = 0;
/** Endless lines of a kilobyte, counted as they are taken. */
function* lines() {
  for (taken = 0; ; taken++) yield `${`line ${taken} `.padEnd(1023, "x")}\n`;
}

describe("a reader that takes no vectors", () => {
  test("stops the reading of texts, and Ctrl-C still ends it", async () => {
    const interrupted = new AbortController();
    let first: (() => void) | undefined;
    const blocked = new Promise<void>((resolve) => (first = resolve));
    const stdout = new Writable({ highWaterMark: 1, write: () => first!() });
    const ended = runCli(["embed", demoModel, "--keep", "1", "--max-length", "8"], {
      environment: {},
      cwd: "/",
      stdin: Readable.from(lines()) as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: new PassThrough() as unknown as NodeJS.WriteStream,
      signal: interrupted.signal,
    });
    await blocked;
    for (let before = -1; before !== taken; await sleep(1000)) before = taken;
    // Three batches and what pipes hold; without an end to it, hundreds of thousands.
    expect(taken).toBeLessThan(10_000);
    interrupted.abort("SIGINT");
    expect(await ended).toBe(2);
  });
});
