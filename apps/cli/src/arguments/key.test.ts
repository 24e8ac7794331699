import { expect, test } from "vitest";
import { parseExpiry, parseKey } from "./key.ts";

const now = Date.parse("2026-12-01T00:00:00Z");

test.each([
  ["90d", "2027-03-01T00:00:00.000Z"],
  ["1h30m", "2026-12-01T01:30:00.000Z"],
  ["2027-01-31", "2027-01-31T00:00:00.000Z"],
  ["2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00.000Z"],
])("a key that ends at %s ends at %s", (text, time) => expect(parseExpiry(text, now)).toBe(time));

test.each(["soon", "90x", "2027-13-31", "2027-02-30T99:00", ""])("a key does not end at `%s`", (text) =>
  expect(() => parseExpiry(text, now)).toThrow("--expires must be"),
);

test("an operator's key is an admin's too, where no other role is named", () => {
  expect(parseKey({ operator: true })).toEqual({ operator: true, role: "admin" });
  expect(parseKey({ operator: true, role: "viewer" })).toEqual({ operator: true, role: "viewer" });
  expect(parseKey({ user: "ann" })).toEqual({ user: "ann" });
  expect(() => parseKey({ role: "owner" })).toThrow(
    "--role must be one of viewer, member, maintainer, admin",
  );
});
