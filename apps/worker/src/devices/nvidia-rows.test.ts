import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRows, readValue, unknownField } from "./nvidia-rows.ts";

const uuid = { field: "uuid", form: /^GPU-/ };

describe("a value", () => {
  it.each([
    ["81559", { type: "number", value: 81559 }],
    [" 69.50 ", { type: "number", value: 69.5 }],
    ["-5", { type: "number", value: -5 }],
    ["[N/A]", { type: "none" }],
    ["N/A", { type: "none" }],
    ["[Not Supported]", { type: "none" }],
    ["[Insufficient Permissions]", { type: "none" }],
    ["", { type: "none" }],
    ["[Unknown Error]", { type: "fault", text: "[Unknown Error]" }],
    ["Unknown Error", { type: "fault", text: "Unknown Error" }],
    ["[GPU requires reset]", { type: "fault", text: "[GPU requires reset]" }],
    ["[GPU is lost]", { type: "fault", text: "[GPU is lost]" }],
    ["ERR!", { type: "fault", text: "ERR!" }],
    ["Enabled", { type: "word", text: "Enabled" }],
    ["69,50", { type: "word", text: "69,50" }],
    ["1e5", { type: "word", text: "1e5" }],
    ["Infinity", { type: "word", text: "Infinity" }],
  ])("%s", (text, value) => expect(readValue(text)).toEqual(value));

  it("is never infinite or NaN, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = readValue(text);
        return value.type !== "number" || Number.isFinite(value.value);
      }),
    );
  });
});

describe("rows", () => {
  const cell = fc.stringMatching(/^[A-Za-z0-9.[\]/ -]{0,12}$/).map((text) => text.trim());
  const name = fc.stringMatching(/^[A-Za-z0-9,./ -]{0,30}$/).map((text) => text.trim());

  it("are read back as they were written, commas in the last field included", () => {
    const row = fc.record({ a: cell, uuid: cell.map((text) => `GPU-${text}`), name });
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom("\n", "\r\n"), (rows, newline) => {
        const text = rows.map((each) => `${each.a}, ${each.uuid}, ${each.name}${newline}`).join("");
        expect(readRows(text, ["a", "uuid", "name"], uuid)).toEqual({ rows, remarks: [] });
      }),
    );
  });

  it("lose nothing of any text: each line is a row or a remark", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("G", "P", "U", "-", ",", "\n", " ", "x") }), (text) => {
        const { rows, remarks } = readRows(text, ["uuid", "name"], uuid);
        expect(rows.length + remarks.length).toBe(
          text.split("\n").filter((line) => line.trim() !== "").length,
        );
        for (const row of rows) expect(row["uuid"]).toMatch(/^GPU-/);
      }),
    );
  });

  it("are distinguished from remarks between them", () => {
    const text = [
      "0, GPU-1, NVIDIA A100",
      "Unable to determine the device handle for GPU1: 0000:44:00.0: Unknown Error",
      "2, GPU-3, NVIDIA A100",
    ].join("\n");
    const { rows, remarks } = readRows(text, ["index", "uuid", "name"], uuid);
    expect(rows.map((row) => row["index"])).toEqual(["0", "2"]);
    expect(remarks).toEqual(["Unable to determine the device handle for GPU1: 0000:44:00.0: Unknown Error"]);
  });
});

it("a field that is not known is named", () => {
  expect(unknownField('Field "gpu_recovery_action" is not a valid field to query.\n\n')).toBe(
    "gpu_recovery_action",
  );
  expect(unknownField("0, GPU-1, field of dreams")).toBeUndefined();
});
