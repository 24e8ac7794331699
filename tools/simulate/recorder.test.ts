import { describe, expect, test } from "vitest";
import type { Job, Trace } from "./job.ts";
import { jain, Recorder } from "./recorder.ts";
import { spreadOf } from "./summary.ts";

const hour = 3_600_000;
const job = (team: string, submittedAt = 0): Job => ({
  id: team,
  team,
  user: "u",
  class: "normal",
  submittedAt,
  durationMs: hour,
  devices: 1,
  memoryBytes: null,
  shares: false,
  checkpointMs: Infinity,
});
const trace: Trace = {
  jobs: [job("x"), job("y"), job("y", 4 * hour)],
  teams: new Map([
    ["x", { weight: 1, quota: null }],
    ["y", { weight: 2, quota: null }],
  ]),
};

describe("figures", () => {
  test("Jain's index is 1 for equal shares and 1/n when one has all", () => {
    expect(jain([3, 3, 3])).toBe(1);
    expect(jain([1, 0, 0, 0])).toBe(0.25);
    expect(jain([1, 2])).toBeCloseTo(0.9);
    expect(jain([0, 0])).toBe(1);
  });

  test("utilisation is the time in use until the last job comes in", () => {
    const recorder = new Recorder(trace, 2);
    recorder.advance(hour);
    recorder.holds("x", 2);
    recorder.advance(3 * hour);
    recorder.holds("x", -1);
    recorder.advance(9 * hour);
    const { utilisation, utilisationOverTime } = recorder.result();
    expect(utilisation).toBeCloseTo((2 * 2 + 1) / (4 * 2));
    expect(utilisationOverTime[0]).toBe(0);
    expect(utilisationOverTime[20]).toBeCloseTo(1);
    expect(utilisationOverTime[71]).toBeCloseTo(0.5);
  });

  test("work that was lost counts as use, and not as useful", () => {
    const recorder = new Recorder(trace, 2);
    recorder.holds("x", 2);
    recorder.advance(3 * hour);
    recorder.loses(2, 2 * hour, 3 * hour);
    recorder.loses(1, 3.5 * hour, 9 * hour);
    recorder.advance(4 * hour);
    expect(recorder.result().utilisation).toBeCloseTo(1);
    expect(recorder.result().usefulUtilisation).toBeCloseTo((2 * 4 - 2 - 0.5) / (4 * 2));
  });

  test("the number of waiting runs is averaged over each part of the time", () => {
    const recorder = new Recorder(trace, 2);
    recorder.waits(job("x"), 1);
    recorder.advance(2 * hour);
    recorder.waits(job("y"), 1);
    recorder.advance(4 * hour);
    const { waitingOverTime } = recorder.result();
    expect([waitingOverTime[0], waitingOverTime[35], waitingOverTime[36], waitingOverTime[71]]).toEqual([
      1, 1, 2, 2,
    ]);
  });

  test("fairness compares what teams had for their weight while both wait", () => {
    const fairness = (x: number, y: number): number | null => {
      const recorder = new Recorder(trace, 4);
      recorder.waits(job("x"), 1);
      recorder.waits(job("y"), 1);
      recorder.holds("x", x);
      recorder.holds("y", y);
      recorder.advance(3.5 * hour);
      return recorder.result().fairness;
    };
    expect(fairness(1, 2)).toBeCloseTo(1);
    expect(fairness(1, 0)).toBeCloseTo(0.5);
  });

  test("fairness leaves out hours in which fewer than two teams waited throughout", () => {
    const recorder = new Recorder(trace, 4);
    recorder.waits(job("x"), 1);
    recorder.waits({ ...job("y"), class: "idle" }, 1);
    recorder.advance(1.5 * hour);
    recorder.waits(job("y"), 1);
    recorder.advance(2.4 * hour);
    expect(recorder.result()).toMatchObject({ fairness: null, contendedHours: 0 });
    recorder.advance(3.5 * hour);
    expect(recorder.result().contendedHours).toBe(1);
  });

  test("percentiles are of what was measured, the next one up", () => {
    const minutes = Array.from({ length: 10 }, (_, i) => (i + 1) * 60_000);
    expect(spreadOf(minutes)).toEqual({ jobs: 10, mean: 5.5, p50: 5, p90: 9, p99: 10, max: 10 });
    expect(spreadOf([])).toEqual({ jobs: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 });
  });
});
