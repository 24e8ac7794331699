import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, newId } from "@espalier/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { groups } from "../../apps/cli/src/commands/index.ts";
import { demoModel, demoTriplets, espalier } from "../../apps/cli/src/testing/espalier.ts";
import { finishMeasured } from "../api/measured.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { examplesNotRun } from "./ledger.ts";
import { examples, mentionsOf, pages } from "./pages.ts";
import { writeTaskFolders } from "./task-folders.ts";
import { wordsOf } from "./words.ts";

let api: TestApi;
let key: string;
let folder: string;
beforeAll(async () => {
  api = await startTestApi({ maxFileBytes: 1e7 });
  ({ text: key } = await api.store.teams.createKey(api.store.teamId, {
    name: "operator",
    role: "admin",
    operator: true,
  }));
  folder = await mkdtemp(join(tmpdir(), "espalier-examples-"));
  await cp(demoModel, join(folder, "models/MyModel"), { recursive: true });
  const lines = (await readFile(demoTriplets, "utf8")).split("\n").slice(0, 64);
  await writeFile(join(folder, "triplets.jsonl"), lines.join("\n"));
  const row = ["main", "news", "2026", 1, 4.2, "One.", "Two."].join("\t");
  await writeFile(join(folder, "sts-test.csv"), `${row}\n`);
  await writeTaskFolders(folder);
  const spec = { kind: "prune", model: api.spec.modelId, layers: 2 };
  await writeFile(join(folder, "graph.json"), JSON.stringify({ runs: { cut: { spec } } }));
  const experiment = "name: trial\nmodelId: smollm2\ntriplets: nli\nevaluation: [stsb]\nvariants: [none]\n";
  await writeFile(join(folder, "experiment.yaml"), experiment);
  await mkdir(join(folder, ".espalier"));
  await writeFile(join(folder, ".espalier/key"), `${key}\n`);
  const { sql, teamId } = api.store;
  const { modelId, triplets, evaluation } = api.spec;
  const model =
    "insert into model (id, team_id, name, state, architecture) select $1, team_id, $2, state, architecture from model where id = $3";
  await sql("update model set name = 'smollm2' where id = $1", [modelId]);
  await sql(model, [newId("model"), "pruned", modelId]);
  await sql("update dataset set name = 'nli' where id = $1", [triplets]);
  await sql("update dataset set name = 'stsb' where id = $1", [evaluation[0]]);
  const device = (position: number) => ({
    position,
    kind: "cuda" as const,
    address: `cuda:${position}`,
    identity: `GPU-${position}`,
    name: "a card",
    engine: "onnx-cuda",
    memoryBytes: 80e9,
  });
  await api.store.workers.register({
    name: "gpu-3",
    host: "host-3",
    version: "0",
    devices: [0, 1].map(device),
  });
  await api.store.teams.ensure("nlp");
  await sql(
    "insert into artifact (id, team_id, kind, name, bytes, sha256, location) values ($1, $2, 'log', 'log.txt', 1, $3, 'runs/none')",
    [artifactId, teamId, "0".repeat(64)],
  );
});
afterAll(async () => {
  await api?.close();
  if (folder) await rm(folder, { recursive: true });
});

const artifactId = newId("artifact");

/** Makes what a line names, in the state in which its command takes it. */
async function prepare(line: string): Promise<string> {
  const client = createClient({ url: api.url, key });
  const spec = { kind: "prune", model: api.spec.modelId, layers: 2 } as const;
  const ended = /(run|experiment) (rm|retry) /.test(line);
  let prepared = line.replace("http://127.0.0.1:7070", api.url).replace("ARTIFACT", artifactId);
  const train = { kind: "train", model: api.spec.modelId, datasetId: api.spec.triplets } as const;
  const many = { ...train, settings: { seed: "{index}" as unknown as number } };
  // A dataset of the name may be there from the world or from another line.
  const [, taken] = /dataset add .* --name (\S+)/.exec(line) ?? [];
  if (taken) await api.store.sql("update dataset set name = 'old-' || id where name = $1", [taken]);
  if (/ RUN\b/.test(line)) {
    const { id } = await client.runs.submit({ spec: line.includes("clone") ? train : spec });
    if (line.includes("watch")) {
      const { lease } = await api.store.claimed(id);
      await api.store.leases.succeed(lease, { result: { modelId: api.spec.modelId } });
    }
    if (ended) await client.runs.cancel(id);
    prepared = prepared.replace("RUN", id);
  }
  if (/ ARRAY\b/.test(line))
    prepared = prepared.replace("ARRAY", (await client.arrays.submit({ spec: many, array: "0-2" })).id);
  if (/key (rotate|revoke) laptop/.test(line)) {
    await api.store.sql("update api_key set revoked_at = now() where name = 'laptop'");
    await client.keys.create({ name: "laptop" });
  }
  if (/\bfirst\b/.test(line)) {
    const { id } = await client.experiments.submit({
      ...api.spec,
      name: "first",
      fresh: true,
      promote: "Δ ≥ -0.5",
    });
    if (line.includes("promote")) await finishMeasured(api, id, { noiseOf: () => 1 });
    if (ended) await client.experiments.cancel(id);
  }
  if (/\bweekly\b/.test(line)) {
    await api.store.sql("delete from schedule");
    if (!line.includes("schedule add"))
      await client.schedules.create({ name: "weekly", cron: "0 3 * * 1", submission: { run: { spec } } });
  }
  return prepared;
}

async function run(line: string): Promise<void> {
  const prepared = await prepare(line);
  const [args] = await wordsOf([prepared], folder);
  const input = / < (\S+)/.exec(prepared)?.[1];
  const stdin = input === undefined ? [] : [await readFile(join(folder, input))];
  const environment = {
    HOME: folder,
    HF_TOKEN: "hf_private",
    // What `login` keeps must do alone.
    ...(args[0] === "login" ? {} : { ESPALIER_URL: api.url, ESPALIER_KEY: key }),
  };
  const { code, err } = await espalier(args, { cwd: folder, environment, stdin });
  expect({ line: prepared, code, err: code === 0 ? "" : err }).toEqual({ line: prepared, code: 0, err: "" });
}

const onFolders = groups
  .find(({ title }) => title.startsWith("On folders"))!
  .commands.map(({ name }) => name);
/** These wait for a worker, or look at one; the first page has the same lines. */
const elsewhere = /^espalier (export encoder|doctor|model import hf:org)/;
const lines = examples
  .filter(
    ({ name, line }) =>
      !onFolders.includes(name) && !elsewhere.test(line) && examplesNotRun[line] === undefined,
  )
  .map(({ line }) => line);

test.each(lines)("help says `%s`, and it works", run);

const said = (await Promise.all((await pages()).map(mentionsOf))).flat();
// A command line that names something, and no command alone.
const whole = said.filter(
  (line) => /^espalier [a-z]+ ([a-z]+ )?.*\b(RUN|first|weekly|nlp|--)/.test(line) && !lines.includes(line),
);

test.each([...new Set(whole)])("a page says `%s`, and it works", run);
