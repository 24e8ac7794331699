import { newApiKey } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const unknown = { refusal: "unknown", keyId: expect.stringMatching(/^key_/) as string };

describe("a key", () => {
  it("identifies its team until it is revoked, and its secret is nowhere in the database", async () => {
    const { key, text } = await store.teams.createKey(store.teamId, { name: "first" });
    expect(await store.teams.verify(text)).toEqual({
      caller: {
        teamId: store.teamId,
        teamName: "orchard",
        userId: expect.stringMatching(/^usr_/) as string,
        userName: "default",
        keyId: key.id,
        keyName: "first",
        role: "member",
        operator: false,
        session: false,
      },
    });
    const [row] = await store.sql<{ row: string }>("select api_key::text as row from api_key where id = $1", [
      key.id,
    ]);
    const secret = text.split("_")[2].slice(0, 64);
    expect(row.row).not.toContain(secret);
    expect((await store.teams.listKeys(store.teamId)).items[0].lastUsedAt).toBeDefined();
    await store.teams.revokeKey(store.teamId, key.id);
    expect(await store.teams.verify(text)).toMatchObject({ refusal: "revoked", keyId: key.id });
  });

  it("identifies no team when it is unknown or its secret is another one", async () => {
    expect(await store.teams.verify(newApiKey())).toEqual(unknown);
    expect(await store.teams.verify("esp_nonsense")).toEqual({ refusal: "malformed" });
    const { key, text } = await store.teams.createKey(store.teamId, { name: "k" });
    await store.sql("update api_key set hash = sha256('another') where id = $1", [key.id]);
    expect(await store.teams.verify(text)).toEqual(unknown);
    // Whoever does not hold the whole key is not told what became of it.
    await store.teams.revokeKey(store.teamId, key.id);
    expect(await store.teams.verify(text)).toEqual(unknown);
  });

  it("ends by itself at its time, by the database's clock", async () => {
    const { key, text } = await store.teams.createKey(store.teamId, {
      name: "brief",
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    expect(await store.teams.verify(text)).toHaveProperty("caller");
    await store.sql("update api_key set expires_at = now() where id = $1", [key.id]);
    expect(await store.teams.verify(text)).toMatchObject({ refusal: "expired", keyId: key.id });
  });

  it("writes when it was used once a minute", async () => {
    const { key, text } = await store.teams.createKey(store.teamId, { name: "busy" });
    const seen = async () =>
      (await store.sql<{ at: Date }>("select last_used_at as at from api_key where id = $1", [key.id]))[0].at;
    await store.teams.verify(text);
    const first = await seen();
    await store.teams.verify(text);
    expect(await seen()).toEqual(first);
    await store.sql("update api_key set last_used_at = now() - interval '61 seconds' where id = $1", [
      key.id,
    ]);
    await store.teams.verify(text);
    expect((await seen()).getTime()).toBeGreaterThanOrEqual(first.getTime());
  });

  it("cannot be revoked by another team", async () => {
    const { id: stranger } = await store.teams.ensure("strangers");
    const { key } = await store.teams.createKey(store.teamId, { name: "mine" });
    await expect(store.teams.revokeKey(stranger, key.id)).rejects.toMatchObject({
      code: "resource/not-found",
    });
  });
});

describe("the bootstrap key", () => {
  it("can be given at every start, and is an admin's and an operator's", async () => {
    const text = newApiKey();
    for (let start = 0; start < 3; start++)
      expect(await store.teams.bootstrapKey(store.teamId, text)).toEqual({ retired: [] });
    expect(await store.teams.verify(text)).toMatchObject({ caller: { role: "admin", operator: true } });
    await store.teams.bootstrapKey(store.teamId, newApiKey());
  });

  it("retires the one before it, and no other, and a process that still has the old one changes nothing", async () => {
    const [old, fresh] = [newApiKey(), newApiKey()];
    const other = await store.teams.createKey(store.teamId, { name: "first", role: "admin", operator: true });
    await store.teams.bootstrapKey(store.teamId, old);
    expect(await store.teams.bootstrapKey(store.teamId, fresh)).toEqual({
      retired: [expect.stringMatching(/^key_/)],
    });
    expect(await store.teams.verify(old)).toMatchObject({ refusal: "revoked" });
    expect(await store.teams.bootstrapKey(store.teamId, old)).toMatchObject({ dead: { name: "first" } });
    expect(await store.teams.verify(old)).toMatchObject({ refusal: "revoked" });
    for (const text of [fresh, other.text]) expect(await store.teams.verify(text)).toHaveProperty("caller");
  });

  it("stays revoked when it is given again after that", async () => {
    const text = newApiKey();
    await store.teams.bootstrapKey(store.teamId, text);
    const { keyId } = ((await store.teams.verify(text)) as { caller: { keyId: string } }).caller;
    await store.teams.revokeKey(store.teamId, keyId);
    expect(await store.teams.bootstrapKey(store.teamId, text)).toHaveProperty("dead");
    expect(await store.teams.verify(text)).toMatchObject({ refusal: "revoked" });
  });

  it("is not taken for a key of which only the id is the same", async () => {
    const { key, text } = await store.teams.createKey(store.teamId, { name: "mine" });
    await store.sql("update api_key set hash = sha256('another') where id = $1", [key.id]);
    await expect(store.teams.bootstrapKey(store.teamId, text)).rejects.toThrow("make a new one");
    expect(await store.teams.getKey(store.teamId, key.id)).toMatchObject({ role: "member", operator: false });
  });
});
