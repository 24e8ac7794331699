import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Summary } from "./summary.ts";
import { phillyLog } from "./testing/philly-log.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "espalier-simulate-"))));
afterAll(() => rm(folder, { recursive: true }));

interface Finished {
  code: number;
  out: string;
  err: string;
}
const main = fileURLToPath(new URL("main.ts", import.meta.url));
const simulate = (...args: string[]): Promise<Finished> =>
  new Promise((resolve) => {
    execFile(process.execPath, ["--import", "tsx", main, ...args], (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });

describe("the simulator", () => {
  test("compares policies on made-up jobs, in tables and curves", async () => {
    const { code, out, err } = await simulate("--synthetic", "jobs=300,teams=3", "--devices", "16");
    expect(err).toMatch(/^300 jobs of 3 teams, [\d,]+ device hours/);
    for (const policy of ["fair", "fifo", "sjf-oracle"])
      expect(out).toContain(`${policy}: devices in use, %`);
    expect(out).toMatch(
      /^policy +wait p50 .* turnaround p50 .* slowdown p50 .* +in use +useful +fairness +preemptions +lost$/m,
    );
    expect(out).toMatch(/^urgent +fair /m);
    expect(out).toMatch(/^team-03 +4 /m);
    expect(code).toBe(0);
  });

  test("replays a Philly log, names the records that it skips, and writes its figures as JSON", async () => {
    const [log, json] = [join(folder, "cluster_job_log"), join(folder, "out.json")];
    const broken = JSON.stringify(phillyLog(200, 2)).replace('"status"', "status");
    await writeFile(log, broken);
    const { code, err } = await simulate(
      "--trace",
      log,
      "--devices",
      "32",
      "--policy",
      "fair",
      "--json",
      json,
    );
    expect(err).toContain("200 records, ");
    expect(err).toContain("skipped 1: not JSON: record 1 (line 1)");
    expect(err).toMatch(/skipped \d+: never started: record \d+/);
    const result = JSON.parse(await readFile(json, "utf8")) as { jobs: number; summaries: Summary[] };
    expect(result.summaries.map(({ policy }) => policy)).toEqual(["fair"]);
    expect(result.summaries[0]!.waits.jobs).toBe(result.jobs);
    expect(code).toBe(0);
  });

  test("leaves jobs out that no worker could take, and says how many", async () => {
    const { err, out } = await simulate(
      "--synthetic",
      "jobs=100",
      "--devices",
      "4",
      "--policy",
      "fair",
      "--json",
      "-",
    );
    expect(err).toMatch(/left out \d+: no worker has such devices, or as many/);
    expect((JSON.parse(out) as { tooLarge: number }).tooLarge).toBeGreaterThan(0);
  });

  test.each([
    [["--synthetic", "jobs=0"], 2, 'jobs is a whole number from 1 to 10000000, not "0"'],
    [["--trace", "/nowhere/log"], 1, "no such file"],
  ])("refuses %j in a line that says what is wrong", async (args, expected, message) => {
    const { code, err, out } = await simulate(...args);
    expect(err.split("\n")[0]).toContain(message);
    expect([code, out]).toEqual([expected, ""]);
  });

  test.each([
    ["[]", "there is no job that could run"],
    ['[{"vc": ', "record 1, which begins in line 1"],
    ["PK\u0003\u0004", "there is no job that could run"],
  ])("refuses a trace that gives nothing: %j", async (text, message) => {
    const log = join(folder, "broken");
    await writeFile(log, text);
    const { code, err } = await simulate("--trace", log);
    expect(err).toContain(message);
    expect(code).toBe(1);
  });
});
