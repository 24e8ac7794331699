import { expect, test } from "vitest";
import { Narrator } from "./narrator.ts";

function narrated() {
  const lines: string[] = [];
  let now = 0;
  const narrator = new Narrator(
    (line) => lines.push(line),
    () => now,
  );
  return { lines, narrator, wait: (seconds: number) => (now += seconds * 1000) };
}
const steps = (done: number, total = 100) => ({ phase: "train", done, total, unit: "steps" });

test("a training is told by tenths, with its loss and its speed, and what was saved", () => {
  const { lines, narrator, wait } = narrated();
  narrator.started({ kind: "train", attempt: 2, devices: 1, step: 20 });
  for (let step = 20; step <= 100; step++) {
    narrator.metrics([{ name: "loss", step, value: 2 - step / 100 }]);
    narrator.progress(steps(step));
    wait(1);
  }
  narrator.saved(100);
  narrator.computed();
  expect(lines[0]).toBe("Attempt 2 begins to train, on 1 device, from the checkpoint of step 20.");
  expect(lines[1]).toBe("train: 20 of 100 steps");
  expect(lines[2]).toBe("train: 30 of 100 steps, loss 1.7000, 1 steps/s");
  expect(lines.at(-3)).toBe("train: 100 of 100 steps, loss 1.0000, 1 steps/s");
  expect(lines.at(-2)).toBe("The checkpoint of step 100 is saved.");
  expect(lines.at(-1)).toBe("All is computed after 81 s; the result is being stored.");
  expect(lines).toHaveLength(12);
});

test("a quick run is told in a few lines, and a slow one every minute", () => {
  const quick = narrated();
  for (let step = 0; step <= 100; step++) {
    quick.narrator.progress(steps(step));
    quick.wait(0.01);
  }
  expect(quick.lines).toHaveLength(2);
  const slow = narrated();
  for (let step = 0; step <= 10; step++) {
    slow.narrator.progress(steps(step, 100_000));
    slow.wait(45);
  }
  expect(slow.lines.length).toBeGreaterThan(3);
  expect(slow.lines.length).toBeLessThan(8);
});

test("each phase is told of, also where nobody knows how much there is", () => {
  const { lines, narrator } = narrated();
  narrator.progress({ phase: "download", done: 0, total: 0, unit: "bytes" });
  narrator.progress({ phase: "check", done: 0, total: 3, unit: "files" });
  expect(lines).toEqual(["download: begins", "check: 0 of 3 files"]);
});
