import { expect, it } from "vitest";
import { inOrder } from "./in-order.ts";

/** Computations that end when the test says so. */
function controlled() {
  const begun: number[] = [];
  const ends: { resolve: (result: string) => void; reject: (error: Error) => void }[] = [];
  const compute = (item: number) => {
    begun.push(item);
    return new Promise<string>((resolve, reject) => (ends[item] = { resolve, reject }));
  };
  return { begun, ends, compute };
}

it("gives results in the order of the items, though the last is done first", async () => {
  const { ends, compute } = controlled();
  const results = inOrder([0, 1, 2], 3, compute);
  const first = results.next();
  for (const item of [2, 1, 0]) ends[item]!.resolve(`r${item}`);
  expect(await first).toEqual({ done: false, value: "r0" });
  expect(await results.next()).toEqual({ done: false, value: "r1" });
  expect(await results.next()).toEqual({ done: false, value: "r2" });
  expect(await results.next()).toMatchObject({ done: true });
});

it("begins as many at a time as it is told, and the next when the first has been taken", async () => {
  const { begun, ends, compute } = controlled();
  const results = inOrder([0, 1, 2, 3], 2, compute);
  const first = results.next();
  expect(begun).toEqual([0, 1]);
  ends[1]!.resolve("r1");
  ends[0]!.resolve("r0");
  expect(await first).toEqual({ done: false, value: "r0" });
  expect(begun).toEqual([0, 1]);
  await results.next();
  expect(begun).toEqual([0, 1, 2]);
  for (const { resolve } of ends) resolve("later");
  await results.return(undefined);
});

it("throws what an item failed with in its turn, after those that were begun have ended", async () => {
  const { ends, compute } = controlled();
  const results = inOrder([0, 1, 2], 3, compute);
  const first = results.next();
  ends[1]!.reject(new RangeError("too large"));
  ends[0]!.resolve("r0");
  expect(await first).toMatchObject({ value: "r0" });
  let over = false;
  const second = results.next().finally(() => (over = true));
  await Promise.resolve();
  expect(over).toBe(false);
  ends[2]!.resolve("r2");
  await expect(second).rejects.toThrow(new RangeError("too large"));
});
