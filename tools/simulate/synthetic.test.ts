import { describe, expect, test } from "vitest";
import { synthesize } from "./synthetic.ts";

const options = { jobs: 4000, teams: 20, seed: 1, devices: 100, load: 0.9, quotas: false };

describe("made-up jobs", () => {
  test("are the same for the same seed, and others for another", () => {
    expect(synthesize(options)).toEqual(synthesize(options));
    expect(synthesize({ ...options, seed: 2 }).jobs).not.toEqual(synthesize(options).jobs);
  });

  test("are as many as asked for, in the order of submission, of the teams asked for", () => {
    const { jobs, teams } = synthesize({ ...options, jobs: 999 });
    expect(jobs.length).toBe(999);
    expect(jobs.every((job, i) => i === 0 || job.submittedAt >= jobs[i - 1]!.submittedAt)).toBe(true);
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(999);
    expect(teams.size).toBe(20);
    for (const { team } of jobs) expect(teams.has(team)).toBe(true);
  });

  test("ask for the share of the cluster's time that they are to", () => {
    const { jobs } = synthesize(options);
    const work = jobs.reduce(
      (sum, job) => sum + job.durationMs * job.devices * (job.shares ? job.memoryBytes! / 80e9 : 1),
      0,
    );
    expect(work / (jobs.at(-1)!.submittedAt * options.devices)).toBeCloseTo(0.9, 1);
  });

  test("give every team its share as a quota, if that is asked for", () => {
    const quotas = [...synthesize({ ...options, quotas: true }).teams.values()].map(
      ({ weight, quota }) => quota!.devices! / weight,
    );
    for (const perWeight of quotas) expect(perWeight).toBeLessThanOrEqual(100 / 45);
    expect(Math.max(...quotas)).toBeGreaterThan(1.5);
  });
});
