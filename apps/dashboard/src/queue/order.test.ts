import { describe, expect, it } from "vitest";
import { prioritiesFor, type Placed } from "./order.ts";

const run = (runId: string, priority = 0): Placed => ({ runId, priority, queuedAt: runId });

/** The order in which the scheduler takes them. */
const sorted = (runs: readonly Placed[], changes: ReadonlyMap<string, number>): string[] =>
  runs
    .map((each) => ({ ...each, priority: changes.get(each.runId) ?? each.priority }))
    .sort((a, b) => b.priority - a.priority || (a.queuedAt < b.queuedAt ? -1 : 1))
    .map(({ runId }) => runId);

describe("moving a run in the queue", () => {
  it.each([
    ["nothing, where the order is as it was", ["a", "b", "c"], []],
    ["one, where the last becomes the first", ["d", "a", "b", "c"], [["d", 1]]],
    ["one, where the first becomes the last", ["b", "c", "d", "a"], [["a", -1]]],
    ["two, where a run goes past the one after it", ["b", "a", "c", "d"], [["b", 1]]],
  ] as const)("changes %s", (_what, order, changes) => {
    expect([...prioritiesFor(order.map((id) => run(id)))!]).toEqual(changes);
  });

  it("gives every order of four runs, whatever priorities they had", () => {
    const runs = [run("a", 5), run("b"), run("c"), run("d", -3)];
    const orders = permutations(runs);
    expect(orders).toHaveLength(24);
    for (const order of orders)
      expect(sorted(runs, prioritiesFor(order)!)).toEqual(order.map(({ runId }) => runId));
  });

  it("says so where there is no priority left", () => {
    expect(prioritiesFor([run("b", 1000), run("a", 1000)])).toEqual(new Map([["a", 999]]));
    expect(prioritiesFor([run("c", -1000), run("b", 1000), run("a", 1000)])).toBeUndefined();
  });
});

function permutations(items: readonly Placed[]): Placed[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((first, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [first, ...rest]),
  );
}
