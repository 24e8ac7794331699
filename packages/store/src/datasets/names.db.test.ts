import { newId } from "@espalier/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());

const register = (name: string, content: string, more: { replace?: boolean } = {}) => {
  const id = newId("dataset");
  const stored = { location: `datasets/${id}/rows.jsonl`, bytes: 1, sha256: content.repeat(64) };
  return store.datasets.register({ id, teamId: store.teamId, name, kind: "sts", rows: 1, stored, ...more });
};

test("a second dataset of a name is refused, or replaces the first; the same one again is the first", async () => {
  const first = await register("mine", "a");
  expect(await register("mine", "a")).toEqual(first);
  await expect(register("mine", "b")).rejects.toMatchObject({
    code: "resource/name-taken",
    status: 409,
    message: expect.stringContaining(first.id) as string,
  });
  const second = await register("mine", "b", { replace: true });
  expect(second.id).not.toBe(first.id);
  expect(await register("mine", "b")).toEqual(second);
  await expect(register("mine", "a")).rejects.toMatchObject({ code: "resource/name-taken" });
  expect((await store.datasets.list(store.teamId)).items.map(({ id }) => id)).toEqual([second.id, first.id]);
});

test("of many at once one gets the name, however it is written", async () => {
  const [composed, decomposed] = ["Caf\u00e9", "Cafe\u0301"];
  const many = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) => register(i % 2 === 0 ? composed : decomposed, String(i))),
  );
  const made = many.flatMap((each) => (each.status === "fulfilled" ? [each.value.name] : []));
  expect(made).toEqual([composed]);
  for (const each of many)
    if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "resource/name-taken" });
});

test("imports of one name at once are one", async () => {
  const source = { hub: "org/name" } as const;
  const models = { teamId: store.teamId, name: "org/name", source, replace: false };
  const many = await Promise.allSettled(Array.from({ length: 4 }, () => store.models.registerHub(models)));
  expect(many.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const { model } = await store.models.registerHub({ ...models, replace: true });
  expect(model.name).toBe("org/name");
});

const tiny = {
  type: "llama",
  layers: 2,
  hiddenSize: 4,
  vocabularySize: 8,
  parameters: 64,
  dtype: "F32",
};

test("a model that a run has made takes over the name, and the run's log says what it meant before", async () => {
  const made: string[] = [];
  const logs: string[][] = [];
  for (let i = 0; i < 2; i++) {
    const run = await store.submit();
    const { lease } = await store.claimed(run.id);
    const model = { id: newId("model"), name: "encoder", architecture: tiny, files: [] };
    await store.leases.succeed(lease, { result: { modelId: model.id }, model });
    made.push(model.id);
    logs.push((await store.logs.list(store.teamId, run.id)).items.map(({ message }) => message));
  }
  expect(logs).toEqual([
    [],
    [`The name encoder means this model from now on; until now it meant ${made[0]}.`],
  ]);
});
