import fc from "fast-check";
import { newId, type IdKind, idPrefixes } from "@espalier/contract";
import { describe, expect, it } from "vitest";
import { byId, cursorOf } from "./cursor.ts";

const refusal = expect.objectContaining({ code: "request/invalid" });

describe("a cursor", () => {
  it("says what it was written from", () => {
    const cursor = cursorOf(["name", "int", "bigint"]);
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_./:-]{0,199}$/),
        fc.nat(2 ** 31 - 1),
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        (name, int, bigint) => {
          expect(cursor.read(cursor.write(name, int, bigint))).toEqual([name, String(int), String(bigint)]);
        },
      ),
    );
    for (const kind of Object.keys(idPrefixes) as IdKind[]) {
      const id = newId(kind);
      expect(byId.read(byId.write(id))).toEqual([id]);
    }
  });

  it("is nothing where a list begins", () => {
    expect(byId.read(undefined)).toEqual([]);
  });

  it("is refused where no page can have given it", () => {
    const cursors = [byId, cursorOf(["int", "id"]), cursorOf(["bigint", "bigint"], { separator: "-" })];
    const garbage = ["", "\0", "\ud800", ":", "-", "x", "1".repeat(1e6), `${"9".repeat(19)}-1`, "1-9e9", " "];
    for (const cursor of cursors)
      for (const text of garbage) expect(() => cursor.read(text), text.slice(0, 40)).toThrow(refusal);
  });

  it("is refused past what the database can count to", () => {
    for (const [kind, most] of [
      ["int", 2n ** 31n - 1n],
      ["bigint", 2n ** 63n - 1n],
      ["time", 8_640_000_000_000_000n],
    ] as const) {
      const cursor = cursorOf([kind]);
      expect(cursor.read(String(most))).toEqual([String(most)]);
      expect(() => cursor.read(String(most + 1n))).toThrow(refusal);
    }
  });
});
