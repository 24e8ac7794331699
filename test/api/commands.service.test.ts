import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Experiment, Graph, Schedule } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { problemOf } from "../servers/store.ts";
import { cliOf } from "./cli.ts";
import { startTestApi, type TestApi } from "./service.ts";

let api: TestApi;
let folder: string;
let cli: ReturnType<typeof cliOf>;
beforeAll(async () => {
  api = await startTestApi();
  folder = await mkdtemp(join(tmpdir(), "espalier-commands-"));
  cli = cliOf(api, api.key, folder);
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

it("an experiment is cancelled, retried and cloned by its name", async () => {
  const { id } = await api.client.experiments.submit(api.spec);
  expect((await cli.espalier("experiment", "cancel", "trial")).out).toBe(`${id}  CANCELLED`);
  expect((await cli.espalier("experiment", "retry", "trial")).out).toBe(`${id}  RUNNING`);
  const again = await cli.espalier("experiment", "retry", "trial");
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining("nothing to retry") as string });
  const clone = await cli.json<Experiment>(
    "experiment",
    "clone",
    "trial",
    "--name",
    "longer",
    "--set",
    "training.steps=9",
    "--set",
    "variants=[2]",
  );
  expect(clone.spec).toEqual({ ...api.spec, name: "longer", training: { steps: 9 }, variants: [2] });
  const wrong = await cli.espalier("experiment", "clone", "trial", "--set", "training.stepz=9");
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("/training/stepz") as string });
});

it("a run shows why its attempts failed, and is cloned", async () => {
  const { id } = await api.client.runs.submit({
    spec: { kind: "prune", model: api.spec.modelId, layers: 3 },
  });
  const { store } = api;
  for (const detail of ["Signal SIGSEGV.", "Signal SIGBUS.", "Exit code 9."])
    await store.leases.fail((await store.claimed(id)).lease, problemOf("worker/child-crashed", detail));
  const { out } = await cli.espalier("run", "show", id);
  expect(out).toMatch(/QUARANTINED/);
  expect(out).toMatch(/run\/quarantined: [^]*Exit code\s9\.\s+→ [^]*docs\/errors\.md/);
  expect(out).toMatch(/1 +FAILED +w +crash .*\n +why .*SIGSEGV/);
  expect(out).toMatch(/3 +FAILED +w +poison .*\n +why .*Exit code 9/);
  expect((await cli.espalier("run", "retry", id)).out).toBe(`${id}  QUEUED`);
  const clone = await cli.json<{ spec: object }>("run", "clone", id, "--set", "layers=2");
  expect(clone.spec).toEqual({ kind: "prune", model: api.spec.modelId, layers: 2 });
});

it("a submission shows on a terminal what would run and asks; elsewhere it does as it was told", async () => {
  const submit = ["run", "submit", "prune", "--model", api.spec.modelId, "--keep", "2"];
  const count = async () => (await api.client.runs.list({ limit: 200 })).items.length;
  const before = await count();
  const declined = await cli.onTerminal("n\n", ...submit);
  expect(declined).toMatchObject({ code: 2, err: expect.stringContaining("Submit? [Y/n]") as string });
  expect(declined.out).toMatch(/WOULD RUN .*\nprune .*\n[^]*1 run, .* device hours/);
  expect((await cli.espalier(...submit, "--dry-run")).out).toMatch(/^WOULD RUN .*\nprune /);
  expect(await cli.json<object>(...submit, "--dry-run")).toMatchObject({ runs: [{ kind: "prune" }] });
  expect(await count()).toBe(before);
  expect((await cli.onTerminal("\n", ...submit)).out).toMatch(/WOULD RUN [^]*\nrun_\w+\n$/);
  expect((await cli.onTerminal("", ...submit, "--yes")).out).toMatch(/^run_\w+\n$/);
  expect((await cli.espalier(...submit)).out).toMatch(/^run_\w+$/);
  expect(await count()).toBe(before + 3);
  const wrong = await cli.espalier(...submit.slice(0, -1), "99", "--dry-run");
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("layers/out-of-range") as string });
});

it("a schedule is added, listed, paused, resumed and deleted", async () => {
  await api.client.experiments.submit({ ...api.spec, name: "base" });
  const add = (name: string, cron: string) =>
    cli.espalier(
      "schedule",
      "add",
      name,
      "--cron",
      cron,
      "--timezone",
      "Europe/Berlin",
      "--experiment",
      "base",
    );
  expect((await add("weekly", "0 3 * * 1")).out).toMatch(/^sch_\w+ {2}next \d{4}-\d\d-\d\d 0[12]:00 UTC$/);
  expect(await add("never", "0 3 * *")).toMatchObject({
    code: 1,
    err: expect.stringContaining("five fields") as string,
  });
  expect(await cli.espalier("schedule", "add", "x", "--cron", "0 3 * * 1")).toMatchObject({ code: 2 });
  expect((await cli.espalier("schedule", "pause", "weekly")).out).toBe("weekly  paused");
  expect((await cli.espalier("schedule", "list")).out).toMatch(
    /weekly +0 3 \* \* 1 +Europe\/Berlin +allow +paused/,
  );
  expect((await cli.espalier("schedule", "resume", "weekly")).out).toMatch(/^weekly {2}next /);

  const spec = { kind: "prune", model: api.spec.modelId, layers: 2 };
  await writeFile(join(folder, "run.json"), JSON.stringify(spec));
  const run = await cli
    .json<Schedule>("schedule", "add", "runs", "--cron", "@daily", "--spec", "run.json")
    .catch((error: Error) => error.message);
  expect(run).toContain("five fields");
  const daily = await cli.json<Schedule>(
    "schedule",
    "add",
    "runs",
    "--cron",
    "0 0 * * *",
    "--spec",
    "run.json",
  );
  expect(daily.submission).toEqual({ run: { spec } });
  for (const name of ["runs", "weekly"])
    expect((await cli.espalier("schedule", "rm", name)).out).toMatch(/deleted$/);
  expect((await cli.espalier("schedule", "rm", "weekly")).code).toBe(5);
});

it("a graph is submitted from a file, or refused by the names of its circle", async () => {
  const spec = (model: object | string) => ({ spec: { kind: "prune", model, layers: 2 } });
  const file = async (runs: object) => writeFile(join(folder, "graph.json"), JSON.stringify({ runs }));
  await file({ two: spec({ run: "one" }), one: spec(api.spec.modelId) });
  const { runs } = await cli.json<Graph>("graph", "submit", "graph.json");
  expect(runs).toMatchObject({ one: { state: "QUEUED" }, two: { dependsOn: [runs.one.id] } });
  await file({ two: spec({ run: "one" }), one: spec({ run: "two" }) });
  expect(await cli.espalier("graph", "submit", "graph.json")).toMatchObject({
    code: 1,
    err: expect.stringContaining("two → one → two") as string,
  });
});

it("keys are made, listed, rotated and revoked, and each says whose it is", async () => {
  const { text } = await api.store.teams.createKey(api.store.teamId, { name: "boss", role: "admin" });
  const boss = cliOf(api, text, folder);
  const made = await boss.espalier("key", "create", "ci", "--user", "ann", "--expires", "90d");
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^esp_\w+$/) as string });
  const ann = cliOf(api, made.out, folder);
  expect((await ann.espalier("me")).out).toMatch(
    /^user ann of team orchard, member; key ci \(key_\w+\), ends 20/,
  );
  expect(await ann.espalier("key", "create", "more")).toMatchObject({
    code: 4,
    err: expect.stringContaining("role `admin`") as string,
  });

  const rotated = await boss.espalier("key", "rotate", "ci", "--overlap", "2h");
  expect((await boss.espalier("key", "list")).out).toMatch(
    /ci +member +valid +20.*\n.*ci +member +valid +20/,
  );
  const several = await boss.espalier("key", "revoke", "ci");
  expect(several).toMatchObject({
    code: 2,
    err: expect.stringMatching(/several keys are named `ci`: key_\w+ /) as string,
  });
  const [, old] = /takes the place of (key_\w+)/.exec(rotated.err)!;
  expect((await boss.espalier("key", "revoke", old)).out).toBe(`${old}  ci  revoked`);
  expect(await ann.espalier("me")).toMatchObject({
    code: 4,
    err: expect.stringContaining("was revoked at") as string,
  });
  expect(await cliOf(api, rotated.out, folder).espalier("me")).toMatchObject({ code: 0 });
  expect((await boss.espalier("key", "list", "--ended")).out).toMatch(/ci +member +revoked/);
  expect(await boss.espalier("key", "revoke", "nothing")).toMatchObject({ code: 5 });
});
