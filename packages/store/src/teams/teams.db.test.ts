import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

it("a team is made once, also by two servers at the same time", async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => store.teams.ensure("twice")));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
});

it("device hours start at zero in another period, and stay when the same period is set again", async () => {
  const { id } = await store.teams.ensure("counted");
  await store.sql(
    "update team set spent_hours = 5, spent_from = period_start(quota_period, now()) where id = $1",
    [id],
  );
  expect(await store.teams.change("counted", { period: "month", weight: 2 })).toMatchObject({
    period: "month",
    weight: 2,
    usedDeviceHours: 5,
  });
  expect(await store.teams.change("counted", { period: "day" })).toMatchObject({
    period: "day",
    usedDeviceHours: 0,
  });
  // Back in the first period: the hours of it are not known any more.
  expect((await store.teams.change("counted", { period: "month" })).usedDeviceHours).toBe(0);
});

describe("an idempotency key", () => {
  const request = (key: string, hash = "h") => ({ teamId: store.teamId, key, hash });

  it("gives concurrent repetitions one run and one response", async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        store.idempotency.once(request("a"), async (tx) => {
          const spec = { kind: "prune" as const, model: "mdl_0123456789abcdefghjkmnpqrs", layers: 1 };
          const run = await store.runs.submit({ teamId: store.teamId, spec }, tx);
          return { status: 202, body: run };
        }),
      ),
    );
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect(new Set(answers.map(({ body }) => (body as { id: string }).id)).size).toBe(1);
    expect((await store.runs.list(store.teamId)).items.length).toBe(1);
  });

  it("refuses another request, and forgets one that failed", async () => {
    await expect(store.idempotency.once(request("b"), () => Promise.reject(new Error("no")))).rejects.toThrow(
      "no",
    );
    const ok = () => Promise.resolve({ status: 200, body: null });
    expect(await store.idempotency.once(request("b"), ok)).toMatchObject({ replayed: false });
    await expect(store.idempotency.once(request("b", "other"), ok)).rejects.toMatchObject({
      code: "idempotency/mismatch",
    });
    await store.sql("update idempotency set created_at = now() - interval '2 days'");
    await store.idempotency.sweep();
    expect(await store.idempotency.once(request("b", "other"), ok)).toMatchObject({ replayed: false });
  });
});
