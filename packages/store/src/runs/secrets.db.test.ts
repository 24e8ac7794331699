import { rm } from "node:fs/promises";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Run } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";
import { openStore } from "../store.ts";

let store: TestStore;
let folder: string;
beforeAll(async () => {
  store = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), "espalier-secrets-"));
});
afterAll(async () => {
  await store.discard();
  await rm(folder, { recursive: true });
});

const token = "hf_token_of_a_client";
const source = { hub: "org/name", revision: "v1", layers: 2 };
const register = async (withToken = true) =>
  store.models.registerHub({ teamId: store.teamId, name: "m", source, ...(withToken ? { token } : {}) });
const sealed = (run: Run) =>
  store.sql<{ sealed: Buffer }>("select sealed from run_secret where run_id = $1", [run.id]);

describe("the token of an import", () => {
  it("is opened only by the worker that holds the run", async () => {
    const { run } = await register();
    const { lease } = await store.claimed(run.id);
    expect(await store.secrets.open(lease)).toBe(token);
    expect(await store.secrets.open({ ...lease, attempt: 2 })).toBeUndefined();
    expect(await store.secrets.open({ ...lease, workerId: "wrk_other" })).toBeUndefined();
    const plain = await register(false);
    expect(await store.secrets.open((await store.claimed(plain.run.id)).lease)).toBeUndefined();
  });

  it("is not readable in the database, nor in what the service shows of the run and the model", async () => {
    const { model, run } = await register();
    const rows = await store.sql<{ text: string }>(
      `select query_to_xml('select * from ' || quote_ident(table_name), true, false, '')::text as text
       from information_schema.tables where table_schema = 'public'`,
    );
    const shown = [
      ...rows.map(({ text }) => text),
      JSON.stringify([await store.runs.get(store.teamId, run.id), model]),
    ].join();
    expect(shown).toContain(run.id);
    expect(shown).not.toContain(token);
    expect(shown).not.toContain(Buffer.from(token).toString("hex"));
    expect(shown).not.toContain(Buffer.from(token).toString("base64").slice(0, 20));
  });

  it("stays for the next attempt, and is deleted when the run ends in any way", async () => {
    const cancelled = (await register()).run;
    await store.runs.cancel(store.teamId, cancelled.id);
    expect(await sealed(cancelled)).toEqual([]);

    const failed = (await register()).run;
    await store.leases.fail((await store.claimed(failed.id)).lease, problemOf("hub/unavailable"));
    expect(await sealed(failed)).toHaveLength(1);
    await store.leases.giveBack((await store.claimed(failed.id)).lease);
    expect(await sealed(failed)).toHaveLength(1);
    await store.leases.fail((await store.claimed(failed.id)).lease, problemOf("hub/not-found"));
    expect(await sealed(failed)).toEqual([]);

    const stopped = (await register()).run;
    await store.leases.cancelled((await store.claimed(stopped.id)).lease);
    expect(await sealed(stopped)).toEqual([]);
  });

  it("cannot be moved to another run", async () => {
    const [one, two] = [(await register()).run, (await register(false)).run];
    await store.sql("update run_secret set run_id = $2 where run_id = $1", [one.id, two.id]);
    const { lease } = await store.claimed(two.id);
    await expect(store.secrets.open(lease)).rejects.toMatchObject({ code: "service/not-configured" });
  });

  it.each([
    ["no secret", undefined],
    ["another secret", "another secret of some thirty-two characters"],
  ])("is not taken or not opened with %s, and the refusal says what to set", async (_, secret) => {
    const other = await openStore({ databaseUrl: store.databaseUrl, bytesRoot: folder, secret });
    try {
      const { run } = await register();
      const { lease } = await store.claimed(run.id);
      const refused = { code: "service/not-configured", message: expect.stringContaining("ESPALIER_SECRET") };
      await expect(other.secrets.open(lease)).rejects.toMatchObject(refused);
      const input = { teamId: store.teamId, name: "refused", source, token };
      if (secret === undefined) {
        await expect(other.models.registerHub(input)).rejects.toMatchObject(refused);
        const { items } = await store.models.list(store.teamId);
        expect(items.filter(({ name }) => name === "refused")).toEqual([]);
      }
    } finally {
      await other.close();
    }
  });
});
