import { expect, test } from "vitest";
import { readArguments, UsageError } from "./arguments.ts";

test("the command line has defaults for all but the source", () => {
  expect(readArguments(["--synthetic", ""])).toEqual({
    source: { synthetic: { jobs: 10_000, teams: 20, seed: 1, load: 0.95, quotas: false } },
    devices: 1000,
    policies: ["fair", "fifo", "sjf-oracle"],
    passMs: 30_000,
    restartMs: 60_000,
    settings: {},
    json: undefined,
  });
  expect(readArguments(["--help"])).toBe("help");
});

test("the command line takes every option", () => {
  expect(
    readArguments(
      "--synthetic jobs=5,teams=2,seed=3,load=1.2,quotas=1 --devices 16 --policy fifo --pass 1 --restart 0 --limits 1.5 --set minRunMs=5 --set sharers=1 --json -".split(
        " ",
      ),
    ),
  ).toEqual({
    source: { synthetic: { jobs: 5, teams: 2, seed: 3, load: 1.2, quotas: true } },
    devices: 16,
    policies: ["fifo"],
    passMs: 1000,
    restartMs: 0,
    limits: 1.5,
    settings: { minRunMs: 5, sharers: 1 },
    json: "-",
  });
  expect(readArguments(["--trace", "log"])).toMatchObject({ source: { trace: "log" } });
});

test.each([
  [[], "give either --trace FILE or --synthetic"],
  [["--synthetic", "jobs=1", "--trace", "x"], "give either"],
  [["--synthetic", "job=1"], '--synthetic knows jobs, teams, seed, load, quotas, not "job"'],
  [["--synthetic", "load=2x"], "load is a share"],
  [["--synthetic", "quotas=yes"], "quotas is a whole number from 0 to 1"],
  [["--synthetic", "", "--devices", "1e3"], "--devices is a whole number"],
  [["--synthetic", "", "--policy", "best"], "--policy is one of fair, fifo, sjf-oracle"],
  [
    ["--synthetic", "", "--set", "patienceMs=1"],
    '--set knows the settings of the policy that are numbers, not "patienceMs"',
  ],
  [["--synthetic", "", "--set", "sharers=many"], 'sharers is a number, not "many"'],
  [["--synthetic", "", "--limits", "0.5"], '--limits is a number from 1 to 1000, not "0.5"'],
  [["--fast"], "Unknown option '--fast'"],
])("the command line refuses %j", (args, message) => {
  expect(() => readArguments(args)).toThrow(UsageError);
  expect(() => readArguments(args)).toThrow(message);
});
