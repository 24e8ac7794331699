import { describe, expect, it } from "vitest";
import { nextTime } from "./next-time.ts";

const next = (cron: string, after: string, timezone = "UTC") =>
  nextTime({ cron, timezone }, new Date(after)).toISOString();

describe("the next time of a schedule", () => {
  it("is strictly later", () => {
    expect(next("0 3 * * *", "2026-01-01T02:59:59.999Z")).toBe("2026-01-01T03:00:00.000Z");
    expect(next("0 3 * * *", "2026-01-01T03:00:00.000Z")).toBe("2026-01-02T03:00:00.000Z");
    expect(next("0 3 * * *", "2026-01-01T03:00:00.001Z")).toBe("2026-01-02T03:00:00.000Z");
    expect(next("*/15 8-17 * * 1-5", "2026-01-02T17:50:00Z")).toBe("2026-01-05T08:00:00.000Z");
  });

  it("follows the clocks of its time zone, and comes once where they are changed", () => {
    expect(next("0 3 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin")).toBe("2026-03-29T01:00:00.000Z");
    // 2:30 does not exist on 29 March 2026, and exists twice on 25 October.
    expect(next("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin")).toMatch(/^2026-03-29T01:/);
    const first = next("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin");
    expect(first).toBe("2026-10-25T00:30:00.000Z");
    expect(next("30 2 * * *", first, "Europe/Berlin")).toBe("2026-10-26T01:30:00.000Z");
  });

  it.each([
    // Clocks there jump from midnight to one o'clock.
    ["0 0 * * *", "Africa/Cairo", "2027-04-29T12:00Z", "2027-04-29T22:00:00.000Z"],
    ["0 0 * * *", "Africa/Cairo", "2027-04-29T22:00Z", "2027-04-30T21:00:00.000Z"],
    ["30 0 * * *", "America/Havana", "2027-03-13T12:00Z", "2027-03-14T05:00:00.000Z"],
    ["0 0 * * 0", "America/Santiago", "2027-09-01T12:00Z", "2027-09-05T04:00:00.000Z"],
    // By half an hour, from 2:00 to 2:30, and back from 2:00 to 1:30.
    ["15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00Z", "2026-10-03T15:30:00.000Z"],
    ["45 1 * * *", "Australia/Lord_Howe", "2027-04-03T14:50Z", "2027-04-04T15:15:00.000Z"],
    // By the hour or faster: nothing is made up for, and what is repeated is due again.
    ["30 * * * *", "Europe/Berlin", "2026-03-29T00:30Z", "2026-03-29T01:30:00.000Z"],
    ["*/15 * * * *", "Europe/Berlin", "2026-10-25T00:45Z", "2026-10-25T01:00:00.000Z"],
    ["0 0 29 2 *", "UTC", "2096-03-01T00:00Z", "2104-02-29T00:00:00.000Z"],
    // Either kind of day where both are restricted, and both where one begins with a star.
    ["0 0 13 * FRI", "UTC", "2026-03-07T00:00Z", "2026-03-13T00:00:00.000Z"],
    ["0 0 13 * 5", "UTC", "2026-03-14T00:00Z", "2026-03-20T00:00:00.000Z"],
    ["0 0 */2 * 7", "UTC", "2026-03-02T00:00Z", "2026-03-15T00:00:00.000Z"],
    ["0 9-17/4 1 jan-MAR *", "UTC", "2026-01-01T13:00Z", "2026-01-01T17:00:00.000Z"],
  ])("of `%s` in %s after %s", (cron, timezone, after, due) => {
    expect(next(cron, after, timezone)).toBe(due);
  });

  it.each([
    ["H 3 * * *", "the H of Jenkins"],
    ["0 0 L * *", "the L, W and # of Quartz"],
    ["0 0 15W * *", "the L, W and # of Quartz"],
    ["0 0 * * 1#2", "the L, W and # of Quartz"],
    ["0 0 ? * *", "the ? of Quartz"],
    ["@daily", "a name for a schedule"],
    ["5/15 * * * *", "a step without a range; write 5-59/15"],
    ["*/90 * * * *", "the step 90"],
    ["*/0 * * * *", "the step 0"],
    ["0 22-2 * * *", "runs backwards"],
    ["0 0 * * 8", "in the field of the day of the week"],
    ["0 0 * FOO *", "in the field of the month"],
    ["0 0 * * 1,", "in the field of the day of the week"],
    ["-5 * * * *", "in the field of the minute"],
  ])("of `%s` is refused: %s", (cron, text) => {
    expect(() => next(cron, "2026-01-01T00:00:00Z")).toThrow(text);
  });

  it.each([
    ["* * * *", "UTC", "/cron", "five fields"],
    ["*/5 * * * * *", "UTC", "/cron", "five fields"],
    ["61 * * * *", "UTC", "/cron", "is no cron expression"],
    ["0 0 30 2 *", "UTC", "/cron", "is no cron expression"],
    ["0 3 * * *", "Europe/Nowhere", "/timezone", "no time zone"],
    ["0 3 * * *", "+01:00", "/timezone", "no time zone"],
  ])("of `%s` in %s is refused", (cron, timezone, field, text) => {
    expect(() => next(cron, "2026-01-01T00:00:00Z", timezone)).toThrow(
      expect.objectContaining({
        code: "request/invalid",
        facts: { field },
        message: expect.stringContaining(text) as string,
      }) as Error,
    );
  });
});
