import { expect, test } from "vitest";
import { hubTokenOf } from "./hub-token.ts";

test("a token is taken as it is, and may be missing", () => {
  expect(hubTokenOf({ headers: { "hub-token": "hf_abc" } })).toBe("hf_abc");
  expect(hubTokenOf({ headers: {} })).toBeUndefined();
});

test.each(["", "two words", "a".repeat(513), "tab\t", "\u00fc"])(
  "%j is refused without being quoted",
  (token) => {
    const refused = { code: "request/invalid", message: expect.not.stringContaining("two words") as string };
    expect(() => hubTokenOf({ headers: { "hub-token": token } })).toThrow(expect.objectContaining(refused));
  },
);
