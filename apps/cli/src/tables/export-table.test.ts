import { expect, test } from "vitest";
import { printExports, type ExportRow } from "./export-table.ts";

const parity = { texts: 29, least: 0.99999, mean: 0.999995 };
const row = (int8: NonNullable<ExportRow["int8"]>): ExportRow => ({
  format: "onnx",
  files: [],
  parity,
  int8,
});

function printed(int8: NonNullable<ExportRow["int8"]>, notes: readonly string[]): string[] {
  const lines: string[] = [];
  printExports({ exports: [row(int8)], notes }, (line) => void lines.push(line));
  return lines;
}

test("the worst cosine in 8 bits is shown", () => {
  const lines = printed({ texts: 29, least: 0.99876, mean: 0.9995 }, []);
  expect(lines.join("\n")).toMatch(/IN 8 BITS\n.*0\.999990 +0\.998760$/);
});

test("a file in 8 bits that was left out is shown as such, with its cosine and the note that says why", () => {
  const lines = printed({ texts: 29, least: 0.44, mean: 0.9, refused: true }, ["Why."]);
  expect(lines.join("\n")).toMatch(/0\.440000 \(left out\)\nWhy\.$/);
});

test("a format that was left out is shown below those that were written, with the reason", () => {
  const lines: string[] = [];
  const leftOut = [{ format: "peft" as const, reason: "The model has no adapter." }];
  printExports({ exports: [row({ texts: 29, least: 1, mean: 1 })], leftOut, notes: ["A note."] }, (line) =>
    lines.push(line),
  );
  expect(lines.slice(-2)).toEqual(["left out: peft. The model has no adapter.", "A note."]);
});
