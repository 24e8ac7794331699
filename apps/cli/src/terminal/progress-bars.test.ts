import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createOutput } from "./output.ts";
import { fitting, ProgressBars, type Bar } from "./progress-bars.ts";

const bar = (label: string, more: Partial<Bar> = {}): Bar => ({ label, text: "queued", ...more });
const ended = (label: string) => bar(label, { ended: true, fraction: 1 });
const moving = (label: string) => bar(label, { fraction: 0.5 });

test("bars that fit are all shown, in their order", () => {
  const bars = [ended("a"), moving("b"), bar("c")];
  expect(fitting(bars, 3)).toEqual({ bars, lines: [] });
});

test("where there are too many, those that ended become one line, and then those that wait", () => {
  const bars = [ended("a"), ended("b"), bar("c"), moving("d"), bar("e"), moving("f")];
  const labels = (rows: number) => {
    const shown = fitting(bars, rows);
    expect(shown.bars.length + shown.lines.length).toBeLessThanOrEqual(rows);
    return [...shown.lines, ...shown.bars.map(({ label }) => label)];
  };
  expect(labels(5)).toEqual(["2 of 6 ended", "c", "d", "e", "f"]);
  expect(labels(4)).toEqual(["2 of 6 ended", "2 more are not shown", "d", "f"]);
  expect(labels(3)).toEqual(["2 of 6 ended", "3 more are not shown", "d"]);
});

test("a terminal is never drawn more lines than it has rows, whatever its width", () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, rows: 6, columns: 40 });
  const output = createOutput({
    stdout: new PassThrough() as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    json: false,
    noColor: true,
  });
  const bars = new ProgressBars(output);
  bars.show(
    Array.from({ length: 40 }, (_, i) => bar(`variant ${i}`, { text: "long ".repeat(20), fraction: 0 })),
  );
  bars.end();
  const drawings = (stderr.read() as Buffer).toString().split("\u001b[J");
  for (const drawing of drawings) {
    const lines = drawing.split("\n").slice(0, -1);
    expect(lines.length).toBeLessThanOrEqual(5);
    for (const line of lines) expect(line.length).toBeLessThan(40);
  }
});
