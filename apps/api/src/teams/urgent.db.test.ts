import { createClient, newId, type Client, type TeamRole, type UrgentFrom } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { fireSchedules } from "../schedules/fire.ts";

let store: TestStore;
let app: FastifyInstance;
let url: string;
let operator: Client;
const clients = {} as Record<TeamRole, Client>;
let runId: string;
let urgentId: string;
let arrayId: string;
let experimentId: string;
beforeAll(async () => {
  store = await openTestStore();
  ({ app, url } = await listen(store));
  const make = async (role: TeamRole, operator = false) =>
    createClient({
      url,
      key: (await store.teams.createKey(store.teamId, { name: role, role, operator })).text,
    });
  for (const role of ["member", "maintainer", "admin"] as const) clients[role] = await make(role);
  operator = await make("admin", true);
  const { teamId } = store;
  runId = (await store.submit()).id;
  urgentId = (await store.submit([], { class: "urgent" })).id;
  arrayId = (await store.arrays.submit({ teamId, array: "0", runs: [{ index: 0, spec: spec() }] })).id;
  const parts = { modelId: newId("model"), triplets: newId("dataset"), evaluation: [newId("dataset")] };
  experimentId = (
    await store.experiments.submit({ teamId, spec: { name: "first", ...parts }, runs: [{ spec: spec() }] })
  ).id;
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

const spec = () => ({ kind: "prune" as const, model: newId("model"), layers: 2 });
const urgent = { class: "urgent" as const };
const experiment = () => ({
  name: "urgent",
  modelId: newId("model"),
  triplets: newId("dataset"),
  evaluation: [newId("dataset")],
  ...urgent,
});

/** Everything that makes a run urgent, and the field that says so. */
const ways: [string, string, (client: Client) => Promise<unknown>][] = [
  ["a run", "/class", (client) => client.runs.submit({ spec: spec(), ...urgent })],
  ["the clone of an urgent run", "/class", (client) => client.runs.clone(urgentId)],
  [
    "a run of a graph",
    "/runs/a/class",
    (client) => client.graphs.submit({ runs: { a: { spec: spec(), ...urgent } } }),
  ],
  ["an array", "/class", (client) => client.arrays.submit({ array: "0-1", spec: spec(), ...urgent })],
  ["an experiment", "/class", (client) => client.experiments.submit(experiment())],
  [
    "a schedule of a run",
    "/submission/run/class",
    (client) =>
      client.schedules.create({
        name: "r",
        cron: "0 3 * * *",
        submission: { run: { spec: spec(), ...urgent } },
      }),
  ],
  [
    "a schedule of an experiment",
    "/submission/experiment/class",
    (client) =>
      client.schedules.create({ name: "e", cron: "0 3 * * *", submission: { experiment: experiment() } }),
  ],
  ["a change of a run", "/class", (client) => client.runs.change(runId, urgent)],
  ["a change of an array", "/class", (client) => client.arrays.change(arrayId, urgent)],
  ["a change of an experiment", "/class", (client) => client.experiments.change(experimentId, urgent)],
];

const codeOf = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.then(
    () => "accepted",
    (error: unknown) => (error as { code?: string }).code,
  );

describe.each(ways)("%s may be urgent", (_name, field, ask) => {
  it.each<[UrgentFrom, Record<string, boolean>]>([
    ["maintainer", { member: false, maintainer: true, admin: true }],
    ["nobody", { member: false, maintainer: false, admin: false }],
    ["member", { member: true, maintainer: true, admin: true }],
  ])("where the team's operator has said %s", async (from, may) => {
    expect(await operator.teams.set("orchard", { urgent: from })).toMatchObject({ urgent: from });
    for (const [role, allowed] of Object.entries(may)) {
      const code = await codeOf(ask(clients[role as TeamRole]));
      if (allowed) expect(code, role).not.toBe("team/urgent-refused");
      else
        await expect(ask(clients[role as TeamRole]), role).rejects.toMatchObject({
          code: "team/urgent-refused",
          facts: { field },
        });
    }
  });
});

it("every key that submits may ask for it where nobody has said anything, and nobody's schedule where nobody may", async () => {
  const { id, name } = await store.teams.ensure("strangers");
  const { text } = await store.teams.createKey(id, { name: "x", role: "member" });
  const client = createClient({ url, key: text });
  expect((await client.me()).team).toMatchObject({ name, urgent: "member" });
  const run = { spec: { kind: "import", modelId: newId("model"), source: { hub: "org/name" } }, ...urgent };
  await store.schedules.create({
    teamId: id,
    schedule: { name: "nightly", cron: "0 3 * * *", submission: { run } as never },
  });
  await operator.teams.set(name, { urgent: "nobody" });
  await store.sql("update schedule set next_at = now() where team_id = $1", [id]);
  await fireSchedules(store, pino({ level: "silent" }));
  const [{ id: scheduleId }] = (await store.schedules.list(id)).items;
  expect((await store.schedules.firings(id, scheduleId)).items).toMatchObject([
    { outcome: "failed", problem: { code: "team/urgent-refused" } },
  ]);
});

it.each(["viewer", "everybody", null])("%j is no role from which on keys may be urgent", async (role) => {
  await expect(operator.teams.set("orchard", { urgent: role as UrgentFrom })).rejects.toMatchObject({
    code: "request/invalid",
    facts: { field: "/urgent" },
  });
});
