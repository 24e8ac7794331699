import type { RequestCount } from "@espalier/store";
import { afterEach, expect, it } from "vitest";
import { SharedCounts, windowMs } from "./shared-counts.ts";

/** What the database keeps of them. */
class Table {
  readonly counts = new Map<string, number>();
  isAway = false;

  async add(counts: readonly RequestCount[]): Promise<RequestCount[]> {
    if (this.isAway) throw new Error("away");
    return counts.map(({ name, startsAt, count }) => {
      const id = `${name} ${startsAt}`;
      this.counts.set(id, (this.counts.get(id) ?? 0) + count);
      return { name, startsAt, count: this.counts.get(id)! };
    });
  }
}

const log = { warn: () => undefined };
const started: SharedCounts[] = [];
const counting = (table: Table, now = () => 0) => {
  const counts = new SharedCounts(table, log, now);
  started.push(counts);
  return counts;
};
afterEach(() => started.splice(0).forEach((counts) => counts.stop()));

it("two APIs know of each other's requests once they have told them", async () => {
  const table = new Table();
  const [a, b] = [counting(table), counting(table)];
  for (let i = 0; i < 3; i++) a.add("x");
  expect(b.add("x").current).toBe(1);
  await a.exchange();
  await b.exchange();
  expect(b.read("x").current).toBe(4);
  expect(a.add("x").current).toBe(4);
  await a.exchange();
  expect(a.read("x").current).toBe(5);
  expect(a.read("y").current).toBe(0);
});

it("nothing is lost or told twice while the database is away", async () => {
  const table = new Table();
  const counts = counting(table);
  counts.add("x");
  table.isAway = true;
  await counts.exchange();
  expect(counts.add("x").current).toBe(2);
  table.isAway = false;
  await counts.exchange();
  await counts.exchange();
  expect(counts.read("x").current).toBe(2);
  expect([...table.counts.values()]).toEqual([2]);
});

it("a new minute begins at none, and says for how long it lasts", () => {
  let now = windowMs + 10_000;
  const counts = counting(new Table(), () => now);
  expect(counts.add("x")).toEqual({ current: 1, ttl: 50_000 });
  now += 50_000;
  expect(counts.add("x")).toEqual({ current: 1, ttl: 60_000 });
});
