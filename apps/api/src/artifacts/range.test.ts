import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRange } from "./range.ts";

describe("a range", () => {
  it("selects what slicing the bytes selects", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(99), fc.nat(200), (bytes, start, length) => {
        fc.pre(start < bytes);
        const content = Array.from({ length: bytes }, (_, i) => i);
        const slice = ({ start, end }: { start: number; end: number }) => content.slice(start, end);
        expect(slice(parseRange(`bytes=${start}-${start + length}`, bytes)!)).toEqual(
          content.slice(start, start + length + 1),
        );
        expect(slice(parseRange(`bytes=${start}-`, bytes)!)).toEqual(content.slice(start));
        expect(slice(parseRange(`bytes=-${length + 1}`, bytes)!)).toEqual(content.slice(-(length + 1)));
      }),
    );
  });

  it("is ignored in forms that are not one range of bytes", () => {
    for (const header of [
      undefined,
      "",
      "bytes=-",
      "lines=1-2",
      "bytes=0-1,3-4",
      "bytes=5-4",
      "bytes",
      "bytes=a-b",
    ])
      expect(parseRange(header, 10)).toBeUndefined();
  });

  it("cannot be satisfied outside the bytes", () => {
    for (const header of ["bytes=10-", "bytes=10-20", "bytes=-0", `bytes=${"9".repeat(400)}-`])
      expect(() => parseRange(header, 10)).toThrow("outside the 10 bytes");
    for (const header of ["bytes=0-", "bytes=0-0", "bytes=-5"])
      expect(() => parseRange(header, 0)).toThrow("outside the 0 bytes");
  });
});
