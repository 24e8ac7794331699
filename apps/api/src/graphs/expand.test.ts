import { newId, type GraphCreate } from "@espalier/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandGraph } from "./expand.ts";

const model = newId("model");
const prune = (from: object | string = model) => ({ kind: "prune", model: from, layers: 2 });
const graph = (runs: Record<string, { spec?: object; dependsOn?: string[] }>): GraphCreate => ({
  runs: Object.fromEntries(
    Object.entries(runs).map(([name, { spec = prune(), ...rest }]) => [name, { spec, ...rest }]),
  ),
});
const refused = (code: string, field: string, text: string): Error =>
  expect.objectContaining({
    code,
    message: expect.stringContaining(text) as string,
    facts: expect.objectContaining({ field }) as object,
  }) as Error;

describe("a graph", () => {
  it("puts runs after those that they need, and ids where it had names", () => {
    const runs = expandGraph(
      graph({
        last: { dependsOn: ["middle"] },
        middle: { spec: prune({ run: "first" }) },
        first: {},
      }),
    );
    expect(runs.map(({ name }) => name)).toEqual(["first", "middle", "last"]);
    const [first, middle, last] = runs;
    expect(middle!.spec).toEqual({ kind: "prune", model: { run: first!.id }, layers: 2 });
    expect(last!.dependsOn).toEqual([middle!.id]);
  });

  it("may depend on runs that exist already", () => {
    const there = newId("run");
    const [run] = expandGraph(graph({ a: { spec: prune({ run: there }), dependsOn: [there] } }));
    expect(run).toMatchObject({ spec: { model: { run: there } }, dependsOn: [there] });
  });

  it("is refused when it is cyclic, by the names of the circle alone", () => {
    expect(() => expandGraph(graph({ a: { dependsOn: ["a"] } }))).toThrow(
      refused("run/cyclic", "/runs/a", "The run a depends on itself."),
    );
    const circle = graph({
      outside: { dependsOn: ["b"] },
      a: { dependsOn: ["b"] },
      b: { spec: prune({ run: "c" }) },
      c: { dependsOn: ["a"] },
    });
    expect(() => expandGraph(circle)).toThrow(refused("run/cyclic", "/runs/b", "b → c → a → b"));
  });

  it("is refused when a name or a spec is wrong, with its place", () => {
    expect(() => expandGraph(graph({ a: { dependsOn: ["nobody"] } }))).toThrow(
      refused("request/invalid", "/runs/a/dependsOn/0", "/runs/a"),
    );
    expect(() => expandGraph(graph({ a: { spec: { kind: "prune", model, layers: 0 } } }))).toThrow(
      refused("request/invalid", "/runs/a/spec/layers", "/runs/a"),
    );
  });

  it("is ordered or refused, whatever its edges are", () => {
    const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const needs = (i: number) => pairs.flatMap(([from, to]) => (from === i ? [`r${to}`] : []));
        const given = graph(
          Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`r${i}`, { dependsOn: needs(i) }])),
        );
        let names: string[];
        try {
          names = expandGraph(given).map(({ name }) => name);
        } catch (error) {
          const circle = /circle: (.*)\.$/.exec((error as Error).message)?.[1]!.split(" → ") ?? [];
          for (const [i, name] of circle.slice(1).entries())
            expect(needs(Number(circle[i]!.slice(1)))).toContain(name);
          return;
        }
        expect(names).toHaveLength(6);
        for (const [i, name] of names.entries())
          for (const needed of needs(Number(name.slice(1)))) expect(names.slice(0, i)).toContain(needed);
      }),
    );
  });
});
