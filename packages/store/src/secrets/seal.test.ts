import { expect, test } from "vitest";
import { Seal } from "./seal.ts";

const seal = new Seal("a secret of thirty-two characters");

test("a sealed text opens with its context, and sealing it twice gives two texts", () => {
  const sealed = seal.seal("hf_token", "run_1");
  expect(seal.open(sealed, "run_1")).toBe("hf_token");
  expect(sealed.includes("hf_token")).toBe(false);
  expect(seal.seal("hf_token", "run_1").equals(sealed)).toBe(false);
});

test("a sealed text does not open with another context or another secret", () => {
  const sealed = seal.seal("hf_token", "run_1");
  expect(() => seal.open(sealed, "run_2")).toThrow(/authenticate|not a sealed text/);
  expect(() => new Seal("another secret of 32 characters..").open(sealed, "run_1")).toThrow(
    /authenticate|not a sealed text/,
  );
});

test("a sealed text that is changed or cut anywhere does not open", () => {
  const sealed = seal.seal("hf_token", "run_1");
  for (let i = 0; i < sealed.byteLength; i++) {
    const changed = Buffer.from(sealed);
    changed[i]! ^= 1;
    expect(() => seal.open(changed, "run_1")).toThrow(/authenticate|not a sealed text/);
    expect(() => seal.open(sealed.subarray(0, i), "run_1")).toThrow(/authenticate|not a sealed text/);
  }
});
