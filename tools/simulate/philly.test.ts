import { describe, expect, test } from "vitest";
import { readPhilly } from "./philly.ts";
import { readRecords } from "./records.ts";
import { phillyLog, type PhillyRecord } from "./testing/philly-log.ts";

const read = (text: string): ReturnType<typeof readPhilly> =>
  readPhilly(
    readRecords(
      (async function* () {
        yield text;
      })(),
    ),
  );

/** The example of the traces' own description, shortened to one GPU on each of two machines. */
const example: PhillyRecord = {
  status: "Pass",
  vc: "ee9e8c",
  jobid: "application_1506638472019_14199",
  attempts: [
    {
      start_time: "2017-10-07 01:12:09",
      end_time: "2017-10-07 01:13:23",
      detail: [
        { ip: "m47", gpus: ["gpu0"] },
        { ip: "m48", gpus: ["gpu3"] },
      ],
    },
    {
      start_time: "2017-10-07 01:13:30",
      end_time: "2017-10-09 06:53:12",
      detail: [
        { ip: "m412", gpus: ["gpu0"] },
        { ip: "m413", gpus: ["gpu0"] },
      ],
    },
  ],
  submitted_time: "2017-10-07 01:11:39",
  user: "ce2f4c",
};

describe("a Philly log", () => {
  test("gives a job the time of its attempts together and the GPUs of its first", async () => {
    const { trace, skipped } = await read(JSON.stringify([example]));
    expect(skipped).toEqual([]);
    expect(trace.jobs).toEqual([
      {
        id: "job_0000000",
        team: "ee9e8c",
        user: "ce2f4c",
        class: "normal",
        submittedAt: 0,
        durationMs: 74_000 + (2 * 24 * 3600 + 5 * 3600 + 39 * 60 + 42) * 1000,
        devices: 2,
        machines: [1, 1],
        memoryBytes: null,
        shares: false,
        checkpointMs: 1_800_000,
      },
    ]);
    expect([...trace.teams]).toEqual([["ee9e8c", { weight: 1, quota: null }]]);
  });

  test("gives jobs in the order of submission, from the first on", async () => {
    const later = { ...example, submitted_time: "2017-10-07 01:11:49", user: "later" };
    const { trace } = await read(JSON.stringify([later, example]));
    expect(trace.jobs.map(({ user, submittedAt }) => [user, submittedAt])).toEqual([
      ["ce2f4c", 0],
      ["later", 10_000],
    ]);
  });

  const attempt = example.attempts[0]!;
  test.each<[string, unknown]>([
    ["never started", { ...example, attempts: [] }],
    ["no attempt with both times", { ...example, attempts: [{ ...attempt, end_time: null }] }],
    ["no attempt with both times", { ...example, attempts: [{ ...attempt, start_time: "None" }] }],
    ["no GPUs", { ...example, attempts: [{ ...attempt, detail: [] }] }],
    [
      "an attempt ends before it starts",
      { ...example, attempts: [{ ...attempt, end_time: "2017-10-07 01:12:08" }] },
    ],
    ["a time is not like 2017-10-07 01:12:09", { ...example, submitted_time: "7.10.2017" }],
    ["a time is not like 2017-10-07 01:12:09", { ...example, submitted_time: "2017-13-07 01:12:09" }],
    ["a time is not like 2017-10-07 01:12:09", { ...example, submitted_time: 1507338699 }],
    ["no submitted_time", { ...example, submitted_time: "" }],
    ["no vc or user", { ...example, vc: undefined }],
    ["no list of attempts", { ...example, attempts: {} }],
    ["the attempt is not an object", { ...example, attempts: [7] }],
    ["the machine is not an object", { ...example, attempts: [{ ...attempt, detail: [null] }] }],
  ])("skips a record by its number: %s", async (why, record) => {
    const { trace, records, skipped } = await read(JSON.stringify([example, record, example], null, 1));
    expect(trace.jobs.length).toBe(2);
    expect(records).toBe(3);
    expect(skipped).toEqual([{ number: 2, line: expect.any(Number) as number, why }]);
  });

  test("skips a broken line and goes on", async () => {
    const line = JSON.stringify(example);
    const { trace, skipped } = await read(`${line}\n${line.slice(0, -9)}\n[]\n${line}\n`);
    expect(trace.jobs.length).toBe(2);
    expect(skipped).toEqual([
      { number: 2, line: 2, why: "not JSON" },
      { number: 3, line: 3, why: "the record is not an object" },
    ]);
  });

  test("of some size is read whole: what is not a job is skipped", async () => {
    const log = phillyLog(500, 1);
    const { trace, records, skipped } = await read(JSON.stringify(log, null, 4));
    expect(records).toBe(500);
    expect(trace.jobs.length + skipped.length).toBe(500);
    const reasons = new Set(skipped.map(({ why }) => why));
    expect([...reasons].sort()).toEqual(["never started", "no attempt with both times"]);
    expect(trace.jobs.length).toBeGreaterThan(400);
  });
});
