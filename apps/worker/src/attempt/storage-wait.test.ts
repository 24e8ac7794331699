import { expect, it } from "vitest";
import { StorageWait } from "./storage-wait.ts";

const waitFor = (computedSeconds: number, others: () => Promise<boolean> = async () => true) =>
  new StorageWait({ least: 120, unsavedSince: -computedSeconds * 1000, othersTakeRuns: others }, 0);

it.each([
  [10, 120],
  [900, 900],
  [36_000, 3600],
])("after %d s of computing a result waits %d s where others take runs", async (computed, bound) => {
  const wait = waitFor(computed);
  expect(await wait.goesOn(bound * 1000 - 1)).toBe(true);
  expect(wait.isOver).toBe(false);
  expect(await wait.goesOn(bound * 1000)).toBe(false);
  expect(wait.isOver).toBe(true);
});

it("a result waits on while nobody takes runs, or nobody knows, and is given up when somebody does", async () => {
  let others = async (): Promise<boolean> => false;
  const wait = waitFor(0, () => others());
  expect(await wait.goesOn(1e7)).toBe(true);
  others = () => Promise.reject(new Error("away"));
  expect(await wait.goesOn(2e7)).toBe(true);
  others = async () => true;
  expect(await wait.goesOn(3e7)).toBe(false);
});
