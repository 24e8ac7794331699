import {
  classCharge,
  createClient,
  newId,
  usageHalfLifeMs,
  type Client,
  type TeamChange,
} from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { claimOn } from "../../../../test/servers/place.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { accrued } from "@espalier/scheduler";

let store: TestStore;
let app: FastifyInstance;
let url: string;
let operator: Client;
let member: Client;
beforeAll(async () => {
  store = await openTestStore();
  const api = await listen(store);
  ({ app, url } = api);
  const { text } = await store.teams.createKey(store.teamId, { name: "ops", role: "admin", operator: true });
  operator = createClient({ url, key: text });
  member = createClient({
    url,
    key: (await operator.teams.createKey("orchard", { name: "dev", user: "ann" })).text,
  });
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

const invalid = { code: "request/invalid" };

describe("weights and quotas", () => {
  it("are set field by field, for a team and for a user of it, and null removes a limit", async () => {
    expect(await operator.teams.set("orchard", { weight: 3, devices: 2, deviceHours: 100 })).toMatchObject({
      name: "orchard",
      weight: 3,
      period: "month",
      quota: { devices: 2, deviceHours: 100 },
      notes: [],
    });
    const { quota } = await operator.teams.set("orchard", { devices: null, borrowing: 1, period: "week" });
    expect(quota).toEqual({ borrowing: 1, deviceHours: 100 });
    const { users } = await operator.teams.setUser("orchard", "ann", { weight: 0.5, devices: 1 });
    expect(users.map(({ name, weight }) => [name, weight])).toEqual([
      ["ann", 0.5],
      ["default", 1],
    ]);
    const { teams } = await store.dispatch.snapshot();
    expect(teams[0]).toMatchObject({
      weight: 3,
      quota: { devices: null, borrowing: 1, deviceHours: { limit: 100 } },
    });
    expect((await operator.teams.list()).items.map(({ name }) => name)).toEqual(["orchard"]);
    await operator.teams.set("orchard", { weight: 1, borrowing: null, deviceHours: null, period: "month" });
  });

  it.each<[TeamChange, object]>([
    [{ weight: 0 }, invalid],
    [{ weight: 1e-320 }, invalid],
    [{ weight: -1 }, invalid],
    [{ devices: -1 }, invalid],
    [{ queuedRuns: 1.5 }, invalid],
    [{ pendingRuns: -1 }, invalid],
    [{ deviceHours: -0.1 }, invalid],
    [{ period: "year" as "day" }, invalid],
    [{ gpus: 3 } as TeamChange, invalid],
    [{}, invalid],
  ])("are refused when they make no sense: %j", async (change, problem) => {
    await expect(operator.teams.set("orchard", change)).rejects.toMatchObject(problem);
  });

  it("are for operators only, and only for teams and users that exist", async () => {
    const forbidden = { code: "auth/forbidden" };
    await expect(member.teams.list()).rejects.toMatchObject(forbidden);
    await expect(member.teams.set("orchard", { weight: 9 })).rejects.toMatchObject(forbidden);
    await expect(member.teams.createKey("orchard", { name: "x" })).rejects.toMatchObject(forbidden);
    const missing = { code: "resource/not-found" };
    await expect(member.teams.createKey("mine", { name: "x" })).rejects.toMatchObject(missing);
    await expect(operator.teams.set("desert", { weight: 2 })).rejects.toMatchObject(missing);
    await expect(operator.teams.setUser("orchard", "bob", { weight: 2 })).rejects.toMatchObject(missing);
  });

  it("are shown to every key of the team with what it uses, and an admin of it sets those of its users", async () => {
    const clientOf = async (role: "viewer" | "admin") =>
      createClient({ url, key: (await operator.teams.createKey("orchard", { name: role, role })).text });
    const [viewer, admin] = [await clientOf("viewer"), await clientOf("admin")];
    expect(await viewer.teams.get("orchard")).toMatchObject({
      name: "orchard",
      users: [{ name: "ann" }, {}],
    });
    const { users } = await admin.teams.setUser("orchard", "ann", { weight: 0.25 });
    expect(users[0]).toMatchObject({ name: "ann", weight: 0.25 });
    const forbidden = { code: "auth/forbidden" };
    await expect(admin.teams.set("orchard", { weight: 9 })).rejects.toMatchObject(forbidden);
    await expect(member.teams.setUser("orchard", "ann", { weight: 9 })).rejects.toMatchObject(forbidden);
  });

  it("are accepted below what runs now, with a note that says what follows", async () => {
    const { id: runId } = await store.submit();
    const claim = await claimOn(store, { runId, workerId: store.workerId, deviceId: store.deviceId });
    const { notes, runningDevices } = await operator.teams.set("orchard", { devices: 0, borrowing: 0 });
    expect(runningDevices).toBe(1);
    expect(notes).toEqual([
      "It holds 1 device, more than its 0: nothing is ended for that, nothing new of it starts until it is below.",
    ]);
    expect((await store.runs.get(store.teamId, runId)).state).toBe("RUNNING");
    const borrows = await operator.teams.set("orchard", { borrowing: null });
    expect(borrows.notes[0]).toContain("It borrows 1 device");
    await operator.teams.set("orchard", { devices: null });
    await store.leases.cancelled(claim!.lease);
  });
});

it("the usage of an attempt is added to its team and its user when it ends, as the scheduler counts it", async () => {
  const [user] = (await store.dispatch.snapshot()).users;
  const { id: runId } = await store.submit([], { class: "urgent", userId: user.id });
  const claim = await claimOn(store, { runId, workerId: store.workerId, deviceId: store.deviceId });
  await store.sql("update attempt set started_at = now() - interval '3 days' where run_id = $1", [runId]);
  for (const table of ["team", "team_user"])
    await store.sql(
      `update ${table} set used_seconds = 1000, used_at = now() - interval '7 days', spent_hours = 5,
         spent_from = period_start(quota_period, now()) - interval '1 day', quota_period = 'day', quota_hours = 1e6`,
    );
  await store.leases.succeed(claim!.lease, { result: { modelId: newId("model") } });
  const { teams, users, now } = await store.dispatch.snapshot();
  const began = now - 3 * 86_400_000;
  const { deviceSeconds } = accrued(
    { deviceSeconds: 1000 * 2 ** (-(began - (now - usageHalfLifeMs)) / usageHalfLifeMs), at: began },
    classCharge.urgent,
    now,
    usageHalfLifeMs,
  );
  for (const consumer of [teams[0], users.find(({ id }) => id === user.id)!]) {
    expect(Math.abs(consumer.usage / deviceSeconds - 1)).toBeLessThan(1e-3);
    const { used, endsAt } = consumer.quota!.deviceHours!;
    expect(used).toBeCloseTo((now - (endsAt - 86_400_000)) / 3_600_000, 2);
  }
});

describe("a submission", () => {
  it.each([
    [{ needs: { devices: 0 } }, "/needs/devices"],
    [{ needs: { labels: ["zone"] } }, "/needs/labels/0"],
    [{ needs: { kinds: ["tpu"] } }, "/needs/kinds/0"],
    [{ needs: { memoryBytes: -1 } }, "/needs/memoryBytes"],
    [{ class: "highest" }, "/class"],
  ])("is refused, with the name of the field, when it asks for %j", async (more, field) => {
    const refused = await member.runs.submit({ spec: spec(), ...(more as object) }).catch((e: unknown) => e);
    expect(refused).toMatchObject(invalid);
    expect(JSON.stringify((refused as { facts: unknown }).facts)).toContain(field);
  });

  it("is refused, with the time after which to try again, while as many runs of its team wait as the quota allows", async () => {
    const waits = await store.submit();
    await operator.teams.set("orchard", { pendingRuns: 2 });
    const { text } = await store.teams.createKey(store.teamId, { name: "importer" });
    let models = 0;
    const submit = () =>
      app.inject({
        method: "POST",
        url: "/v1/models",
        headers: { authorization: `Bearer ${text}` },
        payload: { name: `m${++models}`, source: { hub: "org/name" } },
      });
    expect((await submit()).statusCode).toBe(202);
    const refused = await submit();
    expect(refused.json()).toMatchObject({
      status: 429,
      code: "team/too-many-runs",
      detail: expect.stringMatching(
        /^Team orchard has 2 runs that have not started, and may have 2;/,
      ) as string,
    });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    // Another team is not held up, and a place is free as soon as a run does not wait any more.
    const { id: strangers } = await store.teams.ensure("strangers");
    await store.runs.submit({ teamId: strangers, spec: spec() });
    await store.runs.cancel(store.teamId, waits.id);
    expect((await submit()).statusCode).toBe(202);
    // A retry waits as a new run does.
    await expect(store.runs.retry(store.teamId, waits.id)).rejects.toMatchObject({
      code: "team/too-many-runs",
    });
    await operator.teams.set("orchard", { pendingRuns: null });
    expect((await submit()).statusCode).toBe(202);
    await store.sql("update run set state = 'CANCELLED', ended_at = now() where state = 'QUEUED'");
  });
});

describe("the queue", () => {
  it("shows a team its own runs and that others wait, page by page, and refuses unknown cursors", async () => {
    const { id: strangers } = await store.teams.ensure("strangers");
    const theirs = await store.runs.submit({ teamId: strangers, spec: spec(), dependsOn: [] });
    const ours = [await store.submit([], { class: "idle" }), await store.submit()];
    await store.placed(ours[1].id);
    const first = await member.queue({ limit: 1 });
    expect(first).toMatchObject({
      total: 3,
      own: 2,
      items: [
        { own: true, runId: ours[1].id, state: "DISPATCHED", waiting: { reason: { code: "starting" } } },
      ],
    });
    const rest = await member.queue({ cursor: first.cursor! });
    expect(rest.items).toHaveLength(2);
    expect(rest).not.toHaveProperty("cursor");
    expect(JSON.stringify(rest)).not.toContain(theirs.id);
    expect((await member.queue({ own: true })).items.map(({ runId }) => runId)).toEqual([
      ours[1].id,
      ours[0].id,
    ]);
    await expect(member.queue({ cursor: "x" })).rejects.toMatchObject(invalid);
    for (const { id } of ours) await store.runs.cancel(store.teamId, id);
  });
});

const spec = () => ({ kind: "prune" as const, model: newId("model"), layers: 2 });
