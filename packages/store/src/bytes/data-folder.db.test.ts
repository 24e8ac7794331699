import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { openStore, type Store } from "../store.ts";
import { markName } from "./folder-mark.ts";

let old: TestStore;
let folder: string;
const opened: Store[] = [];
beforeAll(async () => void (old = await openTestStore()));
afterAll(async () => {
  for (const store of opened) await store.close();
  await old.discard();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-data-"));
  await old.sql("delete from artifact");
  await old.sql("update data_folder set token = gen_random_uuid()::text, claimed_at = null");
});

/** A process of the pool whose data folder is `path`. */
async function open(path = folder, leastFreeBytes = 1): Promise<Store> {
  const store = await openStore({
    databaseUrl: old.databaseUrl,
    bytesRoot: path,
    makeBytesRoot: false,
    leastFreeBytes,
    poolSize: 2,
  });
  opened.push(store);
  return store;
}
const content = async function* () {
  yield Buffer.from("apple");
};
const mark = () => readFile(join(folder, markName), "utf8");
/** Lets the database name a file. */
const name = (location: string) =>
  old.sql(
    `insert into artifact (id, team_id, kind, name, bytes, sha256, location) values ($1, $2, 'manifest', 'x', 5, repeat('a', 64), $3)`,
    [`art_${location}`, old.teamId, location],
  );

describe("a data folder", () => {
  it("gets its token from the first API, and is ready for every process that sees the same", async () => {
    const worker = await open();
    expect(await worker.dataFolder.check()).toMatchObject({
      type: "away",
      reason: expect.stringContaining("Start the API first") as string,
    });
    await expect(worker.bytes.put("runs/r/a1/x", content())).rejects.toMatchObject({
      code: "storage/unavailable",
    });
    expect(await (await open()).dataFolder.claim()).toMatchObject({ type: "ready" });
    expect(await worker.dataFolder.check()).toMatchObject({ type: "ready" });
    expect(await worker.bytes.put("runs/r/a1/x", content())).toMatchObject({ bytes: 5 });
  });

  it("is not taken for the pool's when it is another one, and keeps what it has", async () => {
    await (await open()).dataFolder.claim();
    const empty = await mkdtemp(join(tmpdir(), "espalier-data-"));
    const other = await open(empty);
    expect(await other.dataFolder.claim()).toMatchObject({
      type: "away",
      reason: expect.stringMatching(/the pool has one elsewhere.*run: echo/) as string,
    });
    await writeFile(join(empty, markName), "of another pool\n");
    expect(await other.dataFolder.claim()).toMatchObject({
      type: "away",
      reason: expect.stringContaining("belongs to another pool") as string,
    });
    expect(await readFile(join(empty, markName), "utf8")).toBe("of another pool\n");
    await rm(empty, { recursive: true });
  });

  it("is away while its volume is, and comes back by itself; nothing is written in between", async () => {
    const api = await open();
    await api.dataFolder.claim();
    await api.bytes.put("runs/r/a1/x", content());
    const elsewhere = `${folder}-elsewhere`;
    await rename(folder, elsewhere);
    await expect(api.bytes.open("runs/r/a1/x")).rejects.toMatchObject({ code: "storage/unavailable" });
    expect(await api.dataFolder.check()).toMatchObject({ type: "away" });
    // The place where the volume is mounted is an empty folder while it is not.
    await mkdir(folder);
    expect(await api.dataFolder.claim()).toMatchObject({ type: "away" });
    for (const write of [
      () => api.bytes.put("runs/r/a1/y", content()),
      () => api.bytes.remove("runs/r/a1/x"),
      () => api.bytes.sweep(),
    ])
      await expect(write()).rejects.toMatchObject({ code: "storage/unavailable" });
    await rm(folder, { recursive: true });
    await rename(elsewhere, folder);
    expect(await api.dataFolder.check()).toMatchObject({ type: "ready" });
    await api.bytes.open("runs/r/a1/x").then((stream) => stream.destroy());
  });

  it("of an earlier version, or from a backup without its token, is known by what the database names", async () => {
    const before = await openStore({ databaseUrl: old.databaseUrl, bytesRoot: folder, poolSize: 2 });
    opened.push(before);
    await before.bytes.put("runs/r/a1/x", content());
    const api = await open();
    expect(await api.dataFolder.claim(), "a new database, an old folder").toMatchObject({
      type: "away",
      reason: expect.stringContaining("files that the database does not know") as string,
    });
    await name("runs/r/a1/x");
    expect(await api.dataFolder.claim()).toMatchObject({ type: "ready" });
    const token = await mark();
    await rm(join(folder, markName));
    expect(await api.dataFolder.claim()).toMatchObject({ type: "ready" });
    expect(await mark()).toBe(token);
    // A database from before the folder had its token takes the folder's over.
    await old.sql("update data_folder set token = 'new', claimed_at = null");
    expect(await (await open()).dataFolder.claim()).toMatchObject({ type: "ready" });
    expect(await old.sql("select token from data_folder")).toEqual([{ token: token.trim() }]);
    // A folder that lacks what the database names is not the pool's.
    await rm(join(folder, markName));
    await rm(join(folder, "runs"), { recursive: true });
    expect(await api.dataFolder.claim()).toMatchObject({
      type: "away",
      reason: expect.stringContaining("1 of 1 files that the database names are not in it") as string,
    });
  });

  it("counts as full while less is free than must be", async () => {
    await (await open()).dataFolder.claim();
    expect(await (await open(folder, 2 ** 60)).dataFolder.check()).toMatchObject({ type: "full" });
  });
});
