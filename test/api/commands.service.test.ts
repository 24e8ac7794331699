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

it("runs are found by state, kind, model, user, tag and words, in the order that is asked for", async () => {
  const spec = { kind: "prune" as const, model: api.spec.modelId, layers: 2 };
  const first = await api.client.runs.submit({ spec, name: "alpha", tags: ["found"] });
  const second = await api.client.runs.submit({ spec, name: "beta", tags: ["found", "lr=1"] });
  await api.client.runs.cancel(first.id);
  const idsOf = async (...args: string[]) =>
    (await cli.json<{ items: { id: string }[] }>("run", "list", "--tag", "found", ...args)).items.map(
      ({ id }) => id,
    );
  expect(await idsOf()).toEqual([second.id, first.id]);
  expect(await idsOf("--sort", "oldest", "--model", "m", "--kind", "prune", "--user", "default")).toEqual([
    first.id,
    second.id,
  ]);
  expect(await idsOf("--state", "cancelled", "--state", "failed")).toEqual([first.id]);
  expect(await idsOf("--q", "bet")).toEqual([second.id]);
  expect(await idsOf("--user", "nobody")).toEqual([]);
  expect(await idsOf("--limit", "1")).toEqual([second.id]);
  const table = await cli.espalier("run", "list", "--tag", "lr=1");
  expect(table.out).toMatch(/^ID +NAME +RUN .*\n/);
  expect(table.out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  for (const [wrong, said] of [
    [["--state", "lost"], "/state"],
    [["--sort", "name"], "/sort"],
    [["--limit", "1000"], "/limit"],
  ] as const)
    expect(await cli.espalier("run", "list", ...wrong)).toMatchObject({
      code: 1,
      err: expect.stringContaining(said) as string,
    });
  expect(await cli.espalier("run", "list", "--model", "none")).toMatchObject({ code: 5 });
});

it("a run's name, tags, notes, class and priority are set, and taken away", async () => {
  const spec = { kind: "prune" as const, model: api.spec.modelId, layers: 2 };
  const { id } = await api.client.runs.submit({ spec });
  const set = (...args: string[]) => cli.espalier("run", "set", id, ...args);
  expect((await set("--name", "baseline", "--tag", "a", "--tag", "b", "--class", "idle")).out).toBe(
    `${id}  baseline  QUEUED  idle  priority 0  a b`,
  );
  await set("--notes", "seen", "--priority", "5");
  expect(await api.client.runs.get(id)).toMatchObject({ notes: "seen", priority: 5, tags: ["a", "b"] });
  expect((await set("--name", "none", "--tag", "none")).out).toBe(`${id}  QUEUED  idle  priority 5`);
  expect(await set()).toMatchObject({
    code: 2,
    err: expect.stringContaining("say what to change") as string,
  });
  expect(await set("--tag", "two words")).toMatchObject({ code: 1 });
});

it("a run is meant by its name as by its id, and a name that no run has is told as such", async () => {
  const submit = (kind: string, ...more: string[]) =>
    cli.espalier("run", "submit", kind, "--model", api.spec.modelId, "--name", "by-name", ...more);
  const first = await submit("prune", "--keep", "2");
  const newest = (await submit("evaluate", "--dataset", api.spec.evaluation[0])).out;
  expect(newest).not.toBe(first.out);
  const shown = await cli.json<{ id: string; spec: object }>("run", "show", "by-name");
  expect(shown).toMatchObject({ id: newest, spec: { kind: "evaluate" } });
  expect((await cli.espalier("run", "hold", "by-name")).out).toBe(`${newest}  QUEUED (held)`);
  expect((await cli.espalier("open", "run", "by-name")).out).toContain(newest);
  expect(await cli.espalier("run", "logs", "by-names")).toMatchObject({
    err: expect.stringContaining("There is no run named `by-names`; `espalier run list` shows") as string,
  });
});

it("a log is read from its end, by level and by words", async () => {
  const spec = { kind: "prune" as const, model: api.spec.modelId, layers: 2 };
  const { id } = await api.client.runs.submit({ spec });
  const { lease } = await api.store.claimed(id);
  const lines = Array.from({ length: 250 }, (_, n) => ({
    level: n % 50 === 0 ? ("warn" as const) : ("info" as const),
    message: `Step ${n}`,
  }));
  await api.store.logs.append(lease, lines);
  await api.store.leases.succeed(lease, { result: { modelId: api.spec.modelId } });
  const messages = async (...args: string[]) =>
    (await cli.espalier("run", "logs", id, ...args)).out
      .split("\n")
      .map((line) => line.replace(/.* (?=Step)/, ""));
  expect(await messages()).toHaveLength(250);
  expect(await messages("--tail", "2")).toEqual(["Step 248", "Step 249"]);
  const many = await messages("--tail", "230", "--follow");
  expect([many.length, many[0], many.at(-1)]).toEqual([230, "Step 20", "Step 249"]);
  expect(await messages("--level", "warn", "--tail", "1")).toEqual(["Step 200"]);
  expect(await messages("--search", "step 24", "--attempt", "1")).toHaveLength(11);
  for (const wrong of [
    ["--tail", "0"],
    ["--tail", "x"],
  ])
    expect(await cli.espalier("run", "logs", id, ...wrong)).toMatchObject({ code: 2 });
  expect(await cli.espalier("run", "logs", id, "--level", "loud")).toMatchObject({ code: 1 });
});

it("`open` prints the address of a page where there is no browser, and knows what there is", async () => {
  const { id } = await api.client.experiments.submit({ ...api.spec, name: "opened" });
  const addressOf = async (...args: string[]) => (await cli.espalier("open", ...args)).out;
  expect(await addressOf()).toBe(`${api.url}/`);
  expect(await addressOf("queue")).toBe(`${api.url}/queue`);
  expect(await addressOf("experiment", "opened")).toBe(`${api.url}/experiments/${id}`);
  expect(await addressOf(id)).toBe(`${api.url}/experiments/${id}`);
  expect(await cli.json("open", "model", "m")).toEqual({ url: `${api.url}/models/${api.spec.modelId}` });
  expect((await cli.espalier("open")).err).toContain("no browser was found here");
  expect(await cli.espalier("open", "model", "nothing")).toMatchObject({ code: 5 });
  expect(await cli.espalier("open", "queu")).toMatchObject({
    code: 2,
    err: expect.stringContaining("did you mean `queue`?") as string,
  });
  expect(await cli.espalier("open", "run")).toMatchObject({ code: 2 });
});

it("a file with lines that cannot be read is refused with all of them, or stored without them", async () => {
  const good = '{"query":"q","positive":"p"}';
  await writeFile(join(folder, "bad.jsonl"), [good, "{", good, '{"query":1}', '{"query":"q"}'].join("\n"));
  const add = ["dataset", "add", "bad.jsonl", "--kind", "triplets"];
  const refused = await cli.espalier(...add);
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toMatch(/line 2: not valid JSON.*\(and 2 other lines that cannot be read\)/);
  expect(refused.err).toMatch(/\n {2}line 4: .*\n {2}line 5: positive is missing/);
  const asJson = await cli.espalier(...add, "--json");
  expect((JSON.parse(asJson.err) as { errors: object[] }).errors).toMatchObject([
    { line: 2 },
    { line: 4, field: "line 4" },
    { line: 5 },
  ]);
  const added = await cli.espalier(...add, "--skip-errors");
  expect(added.out).toMatch(/ bad {2}2 rows\n! 3 lines that cannot be read were left out\n/);
  const shown = await cli.espalier("dataset", "show", "bad", "--errors");
  expect(shown.out.split("\n").map((line) => line.slice(0, 7))).toEqual(["line 2:", "line 4:", "line 5:"]);
  expect(await cli.json("dataset", "show", "bad", "--errors")).toMatchObject({ total: 3 });
  expect((await cli.espalier("dataset", "show", "bad")).out).toMatch(
    / triplets {2}2 rows .*\n[^]*"query":"q"/,
  );
  await writeFile(join(folder, "worse.jsonl"), "{\n".repeat(1500));
  const worse = await cli.espalier("dataset", "add", "worse.jsonl", "--kind", "triplets");
  expect(worse.err).toMatch(/and at least 1000 other lines/);
  expect(worse.err).toContain("… and 980 more; --json lists them");
});
