import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

describe("metrics", () => {
  it("keep the newest attempt's value for each name and step", async () => {
    const { id } = await store.submit();
    const first = await store.claimed(id);
    await store.metrics.append(first.lease, [
      { name: "loss", step: 1, value: 9 },
      { name: "loss", step: 2, value: 8 },
      { name: "loss", step: 2, value: 7 },
    ]);
    await store.leases.giveBack(first.lease);
    const second = await store.claimed(id);
    await store.metrics.append(second.lease, [{ name: "loss", step: 2, value: 5 }]);
    await store.metrics.append(second.lease, [{ name: "loss", step: 2, value: 5 }]);
    const { items } = await store.metrics.list(store.teamId, id);
    expect(items.map(({ step, value, attempt }) => [step, value, attempt])).toEqual([
      [1, 9, 1],
      [2, 5, 2],
    ]);
  });

  it("turn NaN and infinities into null", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.metrics.append(
      lease,
      [NaN, Infinity, -Infinity, -0.5].map((value, step) => ({ name: "x", step, value })),
    );
    expect((await store.metrics.list(store.teamId, id)).items.map(({ value }) => value)).toEqual([
      null,
      null,
      null,
      -0.5,
    ]);
  });

  it("come in pages by name and step", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const points = ["a", "b"].flatMap((name) => [10, 2, 1].map((step) => ({ name, step, value: step })));
    await store.metrics.append(lease, points);
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await store.metrics.list(store.teamId, id, { limit: 4, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(({ name, step }) => `${name}${step}`));
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(["a1", "a2", "a10", "b1", "b2", "b10"]);
    const only = await store.metrics.list(store.teamId, id, { name: "b", limit: 2 });
    expect(only.items.map(({ step }) => step)).toEqual([1, 2]);
  });
});

describe("log lines", () => {
  it("come back in order, page by page, whatever characters they hold", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const messages = ["first", "zero \u0000 byte", "half \ud800 pair", "last"];
    await store.logs.append(
      lease,
      messages.map((message) => ({ level: "info" as const, message })),
    );
    const page = await store.logs.list(store.teamId, id, { limit: 3 });
    const rest = await store.logs.list(store.teamId, id, { limit: 3, cursor: page.cursor! });
    expect([...page.items, ...rest.items].map(({ message }) => message)).toEqual([
      "first",
      "zero \ufffd byte",
      "half \ufffd pair",
      "last",
    ]);
  });
});
