import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mostSaveSeconds, SaveGrace } from "./save-grace.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "espalier-grace-"))));
afterEach(() => rm(folder, { recursive: true }));

const open = (expectedBytes = 0) => {
  let now = 0;
  const grace = new SaveGrace({ least: 6, expectedBytes, folder, now: () => now });
  const step = (seconds: number) => {
    now += seconds * 1000;
    grace.progressed({ phase: "train", done: 1, total: 2, unit: "steps" });
  };
  return { grace, step };
};

describe("the time to save and leave", () => {
  it("is the worker's own where nothing is known, and follows from the bytes of an earlier checkpoint", () => {
    expect(open().grace.seconds).toBe(6);
    const { grace } = open(600e6);
    expect(grace.seconds).toBe(6 + 12);
    expect(grace.reason).toContain("600 MB");
  });

  it("follows from the longest save and the longest step that were measured, and has a bound", () => {
    const { grace, step } = open(600e6);
    for (const seconds of [0, 3, 2]) step(seconds);
    grace.saved(20);
    grace.saved(1);
    expect(grace.seconds).toBe(6 + 2 * 3 + 2 * 20);
    expect(grace.reason).toContain("20.0 s");
    grace.saved(1e6);
    expect(grace.seconds).toBe(mostSaveSeconds);
  });

  it("goes on while a save is written, within the bound", async () => {
    const { grace } = open();
    expect(await grace.more()).toBe(0);
    const file = join(folder, "step-1.part");
    let given = grace.seconds;
    for (;;) {
      await appendFile(file, "more");
      const added = await grace.more();
      if (added === 0) break;
      given += added;
    }
    expect(given).toBe(mostSaveSeconds);
    const stuck = open().grace;
    expect(await stuck.more()).toBeGreaterThan(0);
    expect(await stuck.more()).toBe(0);
  });
});
