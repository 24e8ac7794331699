import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../repository.ts";
import type { ProcessIdentity } from "@espalier/process";
import { inspectDatabase } from "@espalier/store/inspect";
import { freePort } from "./port.ts";
import { databaseUrlOf, type StackState } from "./state.ts";
import { endUp, startUp, upCommand, type Up } from "./testing/up.ts";

let folder: string;
let up: Up;

const start = (): Promise<Up> => startUp(repository, folder);
const end = (signal: NodeJS.Signals): Promise<number | null> => endUp(up, signal);

/** Processes that work on the folder: it is in their command line or in their environment. */
function processesOn(folder: string): string[] {
  const holds = (file: string): boolean => {
    try {
      return readFileSync(file, "latin1").includes(folder);
    } catch {
      return false;
    }
  };
  return readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && (holds(`/proc/${pid}/cmdline`) || holds(`/proc/${pid}/environ`)),
  );
}

const patience = { timeout: 30_000, interval: 100 };

const recorded = (): Record<string, ProcessIdentity> =>
  (
    JSON.parse(readFileSync(join(folder, "stack.json"), "utf8")) as {
      processes: Record<string, ProcessIdentity>;
    }
  ).processes;

const recordedStack = (): { instance: string; apiPort: number } =>
  JSON.parse(readFileSync(join(folder, "stack.json"), "utf8")) as { instance: string; apiPort: number };

const datasets = async (): Promise<string[]> =>
  (await up.client.datasets.list()).items.map(({ name }) => name);
const addDataset = (name: string) =>
  up.client.datasets.create({ name, kind: "sts" }, '{"sentence1":"a","sentence2":"b","score":1}\n');

describe.runIf(process.platform === "linux")("the embedded stack", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "espalier-stack-"));
    up = await start();
  });
  afterAll(async () => {
    await end("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  test("it answers on loopback, with a worker and a key that its owner alone can read", async () => {
    expect(up.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
    const { items } = await up.client.workers.list();
    expect(items.filter(({ state }) => state === "ACTIVE")).toHaveLength(1);
    expect(readFileSync(join(folder, "key"), "utf8").trim()).toBe(up.key);
    for (const file of ["key", "stack.json"]) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  });

  test("without the key the API answers nothing", async () => {
    expect((await fetch(`${up.url}/v1/runs`)).status).toBe(401);
  });

  test("a second stack on the same folder is refused with a line that says so", async () => {
    const second = spawn(process.execPath, upCommand(repository, folder), { cwd: repository });
    const lines: string[] = [];
    createInterface({ input: second.stderr }).on("line", (line) => lines.push(line));
    expect((await once(second, "close"))[0]).toBe(1);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      code: "resource/conflict",
      message: expect.stringContaining("already runs on"),
    });
    expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
  });

  test.each(["api", "worker", "postgres"])(
    "%s comes back after SIGKILL, and nothing is lost",
    async (part) => {
      await addDataset(`before-${part}`);
      const victim = recorded()[part];
      process.kill(victim.pid, "SIGKILL");
      await expect
        .poll(() => recorded()[part]?.pid, patience)
        .toSatisfy((pid) => pid !== undefined && pid !== victim.pid);
      await expect.poll(datasets, patience).toContain(`before-${part}`);
      const since = Date.now();
      await expect
        .poll(async () => {
          const { items } = await up.client.workers.list();
          return items.some(({ state, lastSeenAt }) => state === "ACTIVE" && Date.parse(lastSeenAt) > since);
        }, patience)
        .toBe(true);
    },
  );

  test("a killed database server comes back with what it had", async () => {
    await addDataset("before-postmaster");
    const { databaseFolder } = JSON.parse(readFileSync(join(folder, "stack.json"), "utf8")) as {
      databaseFolder: string;
    };
    const [pid] = readFileSync(join(databaseFolder, "data", "postmaster.pid"), "utf8").split("\n");
    process.kill(Number(pid), "SIGKILL");
    await expect.poll(datasets, patience).toContain("before-postmaster");
  });

  test("Ctrl-C ends every process, and a new start goes on where it was", async () => {
    const { url, key } = up;
    expect(await end("SIGINT")).toBe(0);
    expect(processesOn(folder)).toEqual([]);
    up = await start();
    expect({ url: up.url, key: up.key }).toEqual({ url, key });
    expect(await datasets()).toEqual(expect.arrayContaining(["before-api", "before-postmaster"]));
  });

  test("a server that takes the port of the API while the stack starts is not taken for it, and never gets the key", async () => {
    const before = recordedStack();
    expect(await end("SIGTERM")).toBe(0);
    // The other one waits until the stack has chosen its port, and is there before the stack's own API.
    const starting = start();
    await expect
      .poll(() => recordedStack().instance, { timeout: 30_000, interval: 5 })
      .not.toBe(before.instance);
    const asked: IncomingMessage["headers"][] = [];
    const thief = createServer(({ headers }, response) => {
      asked.push(headers);
      response.end(JSON.stringify({ items: [{ state: "ACTIVE" }] }));
    }).listen(recordedStack().apiPort, "127.0.0.1");
    await once(thief, "listening");
    await expect
      .poll(() => readFileSync(join(folder, "logs", "api.log"), "utf8"), patience)
      .toContain("EADDRINUSE");
    await expect.poll(() => asked.length, patience).toBeGreaterThan(1);
    expect(asked.map(({ authorization }) => authorization)).not.toContain(`Bearer ${up.key}`);
    expect(JSON.stringify(asked)).not.toContain(up.key);
    thief.closeAllConnections();
    thief.close();
    up = await starting;
    expect((await fetch(`${up.url}/v1/runs`)).status).toBe(401);
    expect(await datasets()).toContain("before-api");
  });

  test("of two stacks that have chosen one port each has its own API or none, and neither sends the other its key", async () => {
    const port = await freePort();
    const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "espalier-race-")));
    for (const each of folders)
      writeFileSync(join(each, "stack.json"), JSON.stringify({ apiPort: port }), { mode: 0o600 });
    const outcomes = await Promise.allSettled(folders.map((each) => startUp(repository, each)));
    try {
      const ups = outcomes.map((each) => (each.status === "fulfilled" ? each.value : undefined));
      expect(ups.filter(Boolean).length).toBeGreaterThan(0);
      for (const [i, each] of ups.entries()) {
        const log = readFileSync(join(folders[i], "logs", "api.log"), "utf8");
        // Whoever loses the port is told why it has no API.
        if (each) expect((await each.client.keys.list()).items).toHaveLength(1);
        else expect(log).toContain("EADDRINUSE");
        // A key of the other stack would be refused here.
        expect(log).not.toContain("sign-in refused");
      }
    } finally {
      for (const each of outcomes) if (each.status === "fulfilled") await endUp(each.value, "SIGTERM");
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    }
  });

  test("the database belongs to an owner who is no superuser", async () => {
    const { databasePort, ownerPassword } = JSON.parse(
      readFileSync(join(folder, "stack.json"), "utf8"),
    ) as StackState;
    const { user, roles } = await inspectDatabase(
      databaseUrlOf(databasePort!, ownerPassword, "espalier_owner"),
    );
    expect(user).toEqual({ name: "espalier_owner", excess: ["the owner of the tables"] });
    expect(roles).toEqual([]);
  });

  test("after SIGKILL of the command line its parts end by themselves, and a new start goes on", async () => {
    await end("SIGKILL");
    up = await start();
    expect(await datasets()).toEqual(expect.arrayContaining(["before-api", "before-postmaster"]));
    await end("SIGKILL");
    await expect.poll(() => processesOn(folder), patience).toEqual([]);
  });
});
