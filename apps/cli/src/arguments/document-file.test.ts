import { describe, expect, it } from "vitest";
import { parseText } from "./document-file.ts";

describe("a file of JSON or YAML", () => {
  it("is read by what it begins with", () => {
    const wanted = { name: "a", seeds: [1, 2], training: { steps: 60 } };
    expect(parseText(' {"name": "a", "seeds": [1, 2], "training": {"steps": 60}}', "f")).toEqual(wanted);
    expect(parseText("# seeds of the paper\nname: a\nseeds: [1, 2]\ntraining:\n  steps: 60\n", "f")).toEqual(
      wanted,
    );
  });

  it("takes words that older YAML took for truth as words", () => {
    expect(parseText("name: no\nother: 012\n", "f")).toEqual({ name: "no", other: 12 });
  });

  it("is refused with the place where it is wrong", () => {
    expect(() => parseText("name: a\nname: b\n", "x.yaml")).toThrow(
      "x.yaml is not YAML: Map keys must be unique at line 2, column 1",
    );
    expect(() => parseText("name: [a\n", "x.yaml")).toThrow(/x\.yaml is not YAML: .* at line 2, column 1/);
    expect(() => parseText("a: !shell rm\n", "x.yaml")).toThrow("Unresolved tag: !shell at line 1");
    expect(() => parseText('{"name": }', "x.json")).toThrow("x.json is not JSON");
  });

  it("does not grow without end by aliases", () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    expect(() => parseText(["l0: &l0 x", ...levels].join("\n"), "x.yaml")).toThrow("Excessive alias count");
  });
});
