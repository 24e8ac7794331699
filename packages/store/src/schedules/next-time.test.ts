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
    ["* * * *", "UTC", "/cron", "five fields"],
    ["*/5 * * * * *", "UTC", "/cron", "five fields"],
    ["61 * * * *", "UTC", "/cron", "is no cron expression"],
    ["0 0 30 2 *", "UTC", "/cron", "is no cron expression"],
    ["0 3 * * *", "Europe/Nowhere", "/timezone", "no time zone"],
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
