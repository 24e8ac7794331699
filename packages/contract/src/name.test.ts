import { Compile } from "typebox/compile";
import { expect, test } from "vitest";
import { Name, nameFrom } from "./id.ts";

const name = Compile(Name);

test.each(["a", "数据", "Модель-2", "org/name", "नमूना", "é", "v1.0/x", "a_b-c.d"])("%s is a name", (text) => {
  expect(name.Check(text)).toBe(true);
});

test.each([
  ..."../b a/../b a/./b a//b a/.b a./b /a a/ .a a. -a a\u0000b".split(" "),
  "",
  "a b",
  "a\u202Eb",
  "🙂",
  "a".repeat(129),
])("%j is no name", (text) => {
  expect(name.Check(text)).toBe(false);
});

test.each([
  ["数据", "数据"],
  ["Cafe\u0301 au lait", "Café-au-lait"],
  ["--x (final)", "x-final"],
  ["a/../b", "a/b"],
  ["नमूना", "नमूना"],
  ["🙂", ""],
  ["字".repeat(200), "字".repeat(128)],
])("of %s is made the name %j", (text, expected) => {
  expect(nameFrom(text)).toBe(expected);
  if (expected !== "") expect(name.Check(expected)).toBe(true);
});
