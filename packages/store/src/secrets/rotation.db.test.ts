import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestStore, testSecret, type TestStore } from "../../../../test/servers/store.ts";
import { openStore, type Store, type StoreOptions } from "../store.ts";

const next = "the secret that comes after that one";

let store: TestStore;
const opened: Store[] = [];
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(async () => {
  for (const each of opened) await each.close();
  await store.discard();
});
beforeEach(() => store.sql("delete from webhook"));

/** A process of the pool with these secrets. */
async function process(secrets: Pick<StoreOptions, "secret" | "previousSecrets">): Promise<Store> {
  const { databaseUrl, bytesRoot } = store;
  const one = await openStore({ databaseUrl, bytesRoot, poolSize: 2, ...secrets });
  opened.push(one);
  return one;
}

let count = 0;
/** A webhook whose secret a process has sealed, with one message for it. */
async function hook(by: Store) {
  const { webhook, secret } = await by.webhooks.create({
    teamId: store.teamId,
    operator: false,
    webhook: { name: `hook${++count}`, url: "https://example.org", events: ["run.state"] },
  });
  return { id: webhook.id, secret };
}
/** The secret of a webhook as a process opens it, or why it does not. */
async function opens(by: Store, id: string): Promise<unknown> {
  await store.webhookDeliveries.ping(store.teamId, id);
  const [taken] = (await by.webhookSending.take(16)).filter(({ webhookId }) => webhookId === id);
  return taken.secret;
}
const refused = { problem: expect.stringContaining("This process cannot open what was sealed") as string };

describe("a change of ESPALIER_SECRET", () => {
  it("loses nothing: while two are known every process opens what any has sealed, and at the end the old one opens nothing", async () => {
    const token = "hf_token_of_a_client";
    const source = { hub: "org/name", revision: "v1" };
    const { run } = await store.models.registerHub({ teamId: store.teamId, name: "m", source, token });
    const { lease } = await store.claimed(run.id);
    const before = await hook(store);

    // The processes are started again one after the other, first with the new secret beside the old one.
    const prepared = await process({ secret: testSecret, previousSecrets: [next] });
    expect(await opens(prepared, before.id)).toBe(before.secret);
    expect(await prepared.resealAll()).toBe(0);
    // Then with the two exchanged: some seal with the new one already, others with the old one.
    const turned = await process({ secret: next, previousSecrets: [testSecret] });
    const [byOld, byNew] = [await hook(prepared), await hook(turned)];
    for (const each of [prepared, turned])
      for (const { id, secret } of [before, byOld, byNew]) expect(await opens(each, id)).toBe(secret);
    expect(await turned.secrets.open(lease)).toBe(token);
    // A process that nobody has told of the new secret says so, and breaks nothing.
    expect(await opens(store, byNew.id)).toEqual(refused);

    expect(await turned.resealAll()).toBe(3);
    expect(await turned.resealAll()).toBe(0);
    const after = await process({ secret: next });
    expect(await after.resealAll()).toBe(0);
    for (const { id, secret } of [before, byOld, byNew]) {
      expect(await opens(after, id)).toBe(secret);
      expect(await opens(prepared, id)).toBe(secret);
      expect(await opens(store, id)).toEqual(refused);
    }
    expect(await after.secrets.open(lease)).toBe(token);
    await expect(store.secrets.open(lease)).rejects.toMatchObject({ code: "service/not-configured" });
  });

  it("may be done by several APIs at once: each secret is sealed anew once", async () => {
    const hooks = await Promise.all(Array.from({ length: 6 }, () => hook(store)));
    const apis = await Promise.all(
      [1, 2, 3].map(() => process({ secret: next, previousSecrets: [testSecret] })),
    );
    const counts = await Promise.all(apis.map((api) => api.resealAll()));
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(hooks.length);
    const after = await process({ secret: next });
    for (const { id, secret } of hooks) expect(await opens(after, id)).toBe(secret);
  });

  it("leaves alone what no secret opens, and says at each use that it cannot", async () => {
    const strange = await hook(await process({ secret: "a secret that nobody has written down" }));
    const own = await hook(store);
    const api = await process({
      secret: next,
      previousSecrets: ["one from a year ago that is not it", testSecret],
    });
    expect(await api.resealAll()).toBe(1);
    expect(await opens(api, own.id)).toBe(own.secret);
    expect(await opens(api, strange.id)).toEqual(refused);
  });
});
