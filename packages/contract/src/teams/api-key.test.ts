import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { apiKeyId, newApiKey } from "./api-key.ts";
import { idOf } from "../id.ts";
import { Value } from "typebox/value";

it("carries its id and the CRC-32 that zlib computes", () => {
  const key = newApiKey();
  expect(Value.Check(idOf("key"), apiKeyId(key))).toBe(true);
  expect(crc32(key.slice(0, -8)).toString(16).padStart(8, "0")).toBe(key.slice(-8));
});

it("is recognised as mistyped when any one character differs", () => {
  const key = newApiKey();
  fc.assert(
    fc.property(fc.nat(key.length - 1), fc.constantFrom("0", "7", "a", "f", "_", "z"), (at, other) => {
      fc.pre(key[at] !== other);
      expect(apiKeyId(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
    }),
  );
});
