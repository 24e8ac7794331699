import { createClient, newId, type Client, type KeyCreate } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
let app: FastifyInstance;
let url: string;
beforeAll(async () => {
  store = await openTestStore();
  ({ app, url } = await listen(store));
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

/** A client with a new key of the team, or of another one. */
async function clientWith(key: Omit<KeyCreate, "name">, team = "orchard") {
  const { id } = await store.teams.ensure(team);
  const made = await store.teams.createKey(id, { name: "key", ...key });
  return { ...made, client: createClient({ url, key: made.text }) };
}
const soon = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
const [forbidden, missing, invalid, unauthorized] = (
  ["auth/forbidden", "resource/not-found", "request/invalid", "auth/required"] as const
).map((code) => ({ code }));
const namesOf = async (client: Client, query = {}) =>
  (await client.keys.list({ limit: 200, ...query })).items.map(({ name }) => name);

describe("an admin", () => {
  it("makes keys of every role of its team, and lists and revokes them; a revoked one opens nothing from then on", async () => {
    const { client: admin } = await clientWith({ role: "admin" });
    const { key, text } = await admin.keys.create({
      name: "reader",
      role: "viewer",
      user: "bob",
      expiresAt: soon(1),
    });
    expect(key).toMatchObject({ name: "reader", role: "viewer", operator: false });
    const reader = createClient({ url, key: text });
    expect((await reader.runs.list()).items).toEqual([]);
    await expect(reader.uploads.create()).rejects.toMatchObject(forbidden);
    expect(await namesOf(admin)).toContain("reader");
    expect(await admin.keys.revoke(key.id)).toMatchObject({
      id: key.id,
      revokedAt: expect.any(String) as string,
    });
    await expect(reader.runs.list()).rejects.toMatchObject({
      ...unauthorized,
      message: expect.stringContaining("was revoked at") as string,
    });
    expect(await namesOf(admin)).not.toContain("reader");
    expect(await namesOf(admin, { ended: true })).toContain("reader");
    // Doing it again changes nothing, not even the time.
    const [again, once] = [await admin.keys.revoke(key.id), await admin.keys.revoke(key.id)];
    expect(again).toEqual(once);
  });

  it("makes none that has ended already, none of an operator, and none outside its team", async () => {
    const { client: admin } = await clientWith({ role: "admin" });
    await expect(admin.keys.create({ name: "x", expiresAt: soon(-1) })).rejects.toMatchObject(invalid);
    await expect(admin.keys.create({ name: "x", operator: true })).rejects.toMatchObject(forbidden);
    await store.teams.ensure("strangers");
    for (const team of ["strangers", "nobody"])
      await expect(admin.teams.createKey(team, { name: "x" })).rejects.toMatchObject(missing);
  });

  it("neither rotates nor revokes an operator's key of its team", async () => {
    const { client: admin } = await clientWith({ role: "admin" });
    const { key } = await clientWith({ role: "viewer", operator: true });
    await expect(admin.keys.rotate(key.id)).rejects.toMatchObject(forbidden);
    await expect(admin.keys.revoke(key.id)).rejects.toMatchObject(forbidden);
  });
});

describe("a rotation", () => {
  it("gives a key that may the same, and the old one ends when the overlap does", async () => {
    const { key: old, client } = await clientWith({ role: "member", user: "ann", expiresAt: soon(48) });
    const { key, text } = await client.keys.rotate(old.id, { overlapSeconds: 3600 });
    const { id: _, createdAt: _made, lastUsedAt: _used, ...same } = old;
    expect(key).toMatchObject(same);
    const both = [client, createClient({ url, key: text })];
    for (const each of both) expect(await each.me()).toMatchObject({ user: { name: "ann" } });
    const ends = (await both[0].me()).key.expiresAt!;
    expect(Math.abs(Date.parse(ends) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    await both[1].keys.rotate(key.id, { overlapSeconds: 0 });
    await expect(both[1].me()).rejects.toMatchObject(unauthorized);
    await expect(both[0].keys.rotate(key.id)).rejects.toMatchObject({ code: "resource/conflict" });
  });

  it("never makes an old key live longer, and lets only an admin give a key more time", async () => {
    const { key, client } = await clientWith({ role: "maintainer", user: "bea", expiresAt: soon(1) });
    await expect(client.keys.rotate(key.id, { expiresAt: soon(2) })).rejects.toMatchObject(forbidden);
    // A leap second, and an offset that PostgreSQL does not know.
    for (const expiresAt of ["2998-12-31T23:59:60Z", "2998-12-31T23:59:59+23:59"])
      await expect(client.keys.rotate(key.id, { expiresAt })).rejects.toMatchObject(forbidden);
    await expect(client.keys.rotate(key.id, { expiresAt: soon(-1) })).rejects.toMatchObject(invalid);
    await client.keys.rotate(key.id, { overlapSeconds: 86_400 });
    expect((await client.me()).key.expiresAt).toBe(key.expiresAt);
    const { client: admin } = await clientWith({ role: "admin" });
    const longer = await admin.keys.rotate(key.id, { expiresAt: "2998-12-31T23:59:59+23:59" });
    expect(longer.key.expiresAt).toBe("2998-12-31T00:00:59.000Z");
  });

  it("of the key that the API was started with is refused, and names what to do instead", async () => {
    const { key, client } = await clientWith({ role: "admin", operator: true }, "default");
    await store.sql("update api_key set bootstrap = true where id = $1", [key.id]);
    await expect(client.keys.rotate(key.id)).rejects.toMatchObject({
      code: "resource/conflict",
      message: expect.stringContaining("ESPALIER_BOOTSTRAP_KEY") as string,
    });
  });
});

describe("who is no admin", () => {
  it("sees the keys of its user alone, and rotates and revokes those that may no more than its own", async () => {
    const [mine, stronger, hers] = [
      await clientWith({ role: "member", user: "eve" }),
      await clientWith({ role: "admin", user: "eve" }),
      await clientWith({ role: "viewer", user: "joy" }),
    ];
    const seen = (await mine.client.keys.list()).items.map(({ id }) => id);
    expect(seen.sort()).toEqual([mine.key.id, stronger.key.id].sort());
    const { key: weaker } = await stronger.client.keys.create({ name: "weak", role: "viewer", user: "eve" });
    for (const what of ["rotate", "revoke"] as const) {
      await expect(mine.client.keys[what](stronger.key.id)).rejects.toMatchObject(forbidden);
      for (const id of [hers.key.id, newId("key")])
        await expect(mine.client.keys[what](id)).rejects.toMatchObject({
          ...missing,
          message: `There is no key ${id}.`,
        });
      await mine.client.keys[what](weaker.id);
    }
    await mine.client.keys.revoke(mine.key.id);
    await expect(mine.client.me()).rejects.toMatchObject(unauthorized);
  });

  it("may, with a key of the user `default`, rotate and revoke that key alone", async () => {
    const [one, other] = [await clientWith({}), await clientWith({})];
    await expect(one.client.keys.revoke(other.key.id)).rejects.toMatchObject(forbidden);
    await expect(one.client.keys.rotate(other.key.id)).rejects.toMatchObject(forbidden);
    expect(await one.client.keys.rotate(one.key.id)).toHaveProperty("text");
    await one.client.keys.revoke(one.key.id);
  });
});

describe("an operator", () => {
  it("makes the keys of a team while it has no admin, and reads nothing of it by being one", async () => {
    const { client: operator } = await clientWith({ role: "viewer", operator: true });
    await operator.teams.createKey("meadow", { name: "first", user: "ann" });
    const { text } = await operator.teams.createKey("meadow", { name: "boss", role: "admin" });
    await expect(operator.teams.createKey("meadow", { name: "spy" })).rejects.toMatchObject(forbidden);
    const boss = createClient({ url, key: text });
    expect((await boss.keys.create({ name: "second" })).key.role).toBe("member");
    // Without its admins' keys, which everybody in the team notices, it makes one again.
    const { items } = await operator.keys.list({ team: "meadow" });
    await operator.keys.revoke(items.find(({ role }) => role === "admin")!.id);
    await expect(boss.me()).rejects.toMatchObject(unauthorized);
    expect(await operator.teams.createKey("meadow", { name: "boss", role: "admin" })).toHaveProperty("text");
    const second = items.find(({ name }) => name === "second")!;
    await expect(operator.keys.rotate(second.id)).rejects.toMatchObject(missing);
  });

  it("alone names another team; to everybody else it is not there, whether it is or not", async () => {
    const { client: admin } = await clientWith({ role: "admin" });
    for (const team of ["strangers", "nobody"])
      await expect(admin.keys.list({ team })).rejects.toMatchObject({
        ...missing,
        message: "There is no such team for this key.",
      });
  });
});

it("`/v1/me` says whose a key is, what it may do, and what team and user have used", async () => {
  const { key, client } = await clientWith({ role: "viewer", user: "kim", expiresAt: soon(5) });
  await store.teams.change("orchard", { weight: 3, deviceHours: 100 });
  const me = await client.me();
  expect(me).toMatchObject({
    team: { name: "orchard", weight: 3, quota: { deviceHours: 100 }, usedDeviceHours: 0, runningDevices: 0 },
    user: { name: "kim", weight: 1, usedDeviceHours: 0 },
    key: { id: key.id, name: "key", role: "viewer", operator: false, expiresAt: key.expiresAt },
  });
  expect(me.team).not.toHaveProperty("users");
});
