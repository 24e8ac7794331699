import { Readable } from "node:stream";
import { newId } from "@espalier/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";
import { locations } from "../bytes/bytes.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());
beforeEach(() => store.teams.change("orchard", { bytes: null }));

const stored = async () => (await store.teams.get("orchard")).storedBytes;
const content = (bytes: number) => Readable.from([Buffer.alloc(bytes, 7)]);

async function dataset(bytes: number, name = newId("dataset")) {
  const id = newId("dataset");
  return store.datasets.register({
    id,
    teamId: store.teamId,
    name,
    kind: "texts",
    rows: 1,
    stored: await store.bytes.put(locations.dataset(id, "rows.jsonl"), content(bytes)),
  });
}
async function upload(bytes: number) {
  const { id } = await store.uploads.create(store.teamId);
  await store.uploads.putFile(store.teamId, id, "config.json", content(bytes));
  return id;
}
const architecture = {
  type: "llama",
  layers: 2,
  hiddenSize: 8,
  vocabularySize: 16,
  parameters: 100,
  dtype: "F32",
};
const register = (uploadId: string) =>
  store.models.register({ teamId: store.teamId, name: newId("model"), uploadId, architecture });

describe("what a team stores", () => {
  it("is its datasets, uploads and models, each once, and no more what was deleted", async () => {
    const before = await stored();
    const { id } = await dataset(1_000);
    expect(await stored()).toBe(before + 1_000);
    const uploadId = await upload(200);
    await store.uploads.putFile(store.teamId, uploadId, "config.json", content(300));
    expect(await stored()).toBe(before + 1_300);
    const { model, run } = await register(uploadId);
    expect(await stored()).toBe(before + 1_300);
    await store.leases.succeed((await store.claimed(run.id)).lease, { result: { modelId: model.id } });
    expect(await stored()).toBe(before + 1_300);
    await store.deletions.model(model.id, { teamId: store.teamId, actor: "a test" });
    await store.deletions.dataset(id, { teamId: store.teamId, actor: "a test" });
    expect(await stored()).toBe(before);
  });

  it("is the upload's again where its import failed, and nothing of an upload that is removed", async () => {
    const before = await stored();
    const uploadId = await upload(400);
    const { run } = await register(uploadId);
    await store.leases.fail((await store.claimed(run.id)).lease, problemOf("checkpoint/malformed"));
    expect(await stored()).toBe(before + 400);
    await store.uploads.remove(store.teamId, uploadId);
    expect(await stored()).toBe(before);
  });

  it("stays the same when what was counted becomes one row, also by two janitors at once beside others that store", async () => {
    for (let i = 0; i < 5; i++) await dataset(100);
    const before = await stored();
    await Promise.all([store.space.fold(), dataset(10), store.space.fold(), dataset(10)]);
    expect(await stored()).toBe(before + 20);
    await store.space.fold();
    expect(await stored()).toBe(before + 20);
    expect(await store.sql("select from stored_bytes where team_id = $1", [store.teamId])).toHaveLength(1);
    expect(await store.space.fold()).toBe(0);
  });

  it("is the artifacts' whatever was counted, and a team that is deleted leaves nothing", async () => {
    const { id } = await store.teams.ensure("desert");
    const artifact = (bytes: number) =>
      store.sql(
        "insert into artifact (id, team_id, kind, name, bytes, sha256, location) values ($1, $2, 'export', 'x', $3, repeat('0', 64), $1)",
        [newId("artifact"), id, bytes],
      );
    await artifact(5);
    await artifact(2 ** 40);
    expect((await store.teams.get("desert")).storedBytes).toBe(2 ** 40 + 5);
    await store.sql("delete from team where id = $1", [id]);
    expect(await store.sql("select from stored_bytes where team_id = $1", [id])).toEqual([]);
  });
});

const full = (text: string) => ({
  code: "team/out-of-space",
  message: expect.stringContaining(text) as string,
});

describe("a team that may store no more", () => {
  it("is refused datasets and files, with what it has and what is largest, until it deletes something", async () => {
    const { id } = await dataset(5_000_000, "large");
    const before = await stored();
    await store.teams.change("orchard", { bytes: before + 1_000 });
    const refused = await dataset(1_001).catch((error: unknown) => error);
    expect(refused).toMatchObject(
      full(`stores with this ${((before + 1001) / 1e6).toFixed(1)} MB, and may store`),
    );
    expect(refused).toMatchObject(full(`dataset large (${id}) with 5 MB`));
    await expect(upload(1_001)).rejects.toMatchObject(full("Delete what is not needed"));
    expect(await stored()).toBe(before);
    await dataset(1_000);
    await expect(store.space.room(store.teamId, 1)).rejects.toMatchObject(full("and may store"));
    await store.deletions.dataset(id, { teamId: store.teamId, actor: "a test" });
    await upload(2_000);
  });

  it("is refused runs and retries; a run that was submitted before keeps what it makes", async () => {
    const before = await stored();
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.teams.change("orchard", { bytes: before });
    await expect(store.submit()).rejects.toMatchObject(full("and may store"));
    await store.leases.fail(lease, problemOf("dataset/malformed"));
    await expect(store.runs.retry(store.teamId, id)).rejects.toMatchObject(full("and may store"));
    expect((await store.teams.get("orchard")).notes).toEqual([
      expect.stringMatching(/^It stores .* and may store .*: nothing is deleted for that/) as string,
    ]);
    await store.teams.change("orchard", { bytes: before + 1 });
    await store.runs.retry(store.teamId, id);
    await store.runs.cancel(store.teamId, id);
  });

  it("has room for a file in place of its last version, and never gets more by several at once", async () => {
    const uploadId = await upload(600);
    const before = await stored();
    await store.teams.change("orchard", { bytes: before });
    const replaces = { uploadId, name: "config.json" };
    expect(await store.space.room(store.teamId, 600, replaces)).toEqual({ bytes: 600 });
    expect(await store.space.room(store.teamId, 601, replaces)).toMatchObject({ bytes: 600 });
    await store.uploads.putFile(store.teamId, uploadId, "config.json", content(600));
    await store.teams.change("orchard", { bytes: before + 250 });
    const all = await Promise.allSettled(Array.from({ length: 6 }, () => dataset(100)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    expect(await stored()).toBe(before + 200);
  });
});
