import { expect, it } from "vitest";
import { excerptOf } from "./excerpt.ts";

const fields = (count: number, value: unknown = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, value]));

it("a document of an honest size is its own excerpt", () => {
  const document = { runs: fields(100, { spec: { kind: "prune" }, needs: { labels: ["a=b"] } }) };
  expect(excerptOf(document)).toBe(document);
});

it("of a document that is wide at any level, the first members remain, and never many", () => {
  for (const document of [
    fields(50_000),
    Array.from({ length: 50_000 }, () => 1),
    { runs: fields(200, fields(250)) },
    fields(20, fields(20, fields(20, fields(6)))),
  ]) {
    const excerpt = excerptOf(document) as object;
    expect(JSON.stringify(excerpt).length).toBeLessThan(30_000);
    expect(Object.keys(excerpt)[0]).toBe(Object.keys(document)[0]);
  }
});
