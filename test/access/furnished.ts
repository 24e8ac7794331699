import { createClient, newId, type IdKind } from "@espalier/contract";
import { locations, type Store } from "@espalier/store";
import type { TestStore } from "../servers/store.ts";

/** A team that has one of everything, each with a name that no other team's has. */
export interface Furnished {
  team: string;
  user: string;
  /** By noun; and `evaluation`, a second dataset. */
  ids: Partial<Record<IdKind | "evaluation", string>>;
}

export async function furnish(store: TestStore, url: string, team: string): Promise<Furnished> {
  const name = (noun: string): string => `${team}-secret-${noun}`;
  const { id: teamId } = await store.teams.ensure(team);
  const keyOf = (key: string) =>
    store.teams.createKey(teamId, { name: name(key), user: "ann", role: "maintainer" });
  const client = createClient({ url, key: (await keyOf("first")).text });
  const { key } = await keyOf("spare");

  const model = newId("model");
  const architecture = {
    type: "llama",
    layers: 4,
    hiddenSize: 8,
    vocabularySize: 9,
    parameters: 100,
    dtype: "F32",
  };
  await store.sql(
    "insert into model (id, team_id, name, state, architecture) values ($1, $2, $3, 'READY', $4)",
    [model, teamId, name("model"), JSON.stringify(architecture)],
  );
  const dataset = await addDataset(store, teamId, name("triplets"), "triplets");
  const evaluation = await addDataset(store, teamId, name("sts"), "sts");
  const { id: upload } = await client.uploads.create();
  await client.uploads.putFile(upload, "config.json", "{}");
  const spec = { kind: "prune" as const, model, layers: 2, name: name("pruned") };
  const { id: run } = await client.runs.submit({ spec });
  const experiment = { name: name("trial"), modelId: model, triplets: dataset, evaluation: [evaluation] };
  const { id: array } = await client.arrays.submit({
    array: "0-1",
    spec: { ...spec, name: name("{index}") },
  });
  const { id: schedule } = await client.schedules.create({
    name: name("schedule"),
    cron: "0 3 * * *",
    submission: { run: { spec } },
  });
  const view = await client.views.create({ name: name("view"), page: "runs", query: "", shared: true });
  const { webhook } = await client.webhooks.create({
    name: name("webhook"),
    url: `https://hooks.example.org/${name("webhook")}`,
    events: ["run.state"],
  });
  return {
    team,
    user: "ann",
    ids: {
      key: key.id,
      model,
      dataset,
      evaluation,
      upload,
      run,
      experiment: (await client.experiments.submit({ ...experiment, variants: ["none", 2] })).id,
      array,
      schedule,
      webhook: webhook.id,
      view: view.id,
      delivery: (await client.webhooks.ping(webhook.id)).id,
      artifact: await addArtifact(store, teamId, run, name("artifact")),
      // The pool's, which all teams see.
      ...(teamId === store.teamId
        ? { worker: store.workerId, device: store.deviceId }
        : { worker: newId("worker"), device: newId("device") }),
    },
  };
}

async function addDataset(
  store: TestStore,
  teamId: string,
  name: string,
  kind: "triplets" | "sts",
): Promise<string> {
  const id = newId("dataset");
  const row =
    kind === "sts"
      ? { sentence1: name, sentence2: "b", score: 1 }
      : { query: name, positive: "b", negatives: [] };
  const stored = await put(store, locations.dataset(id, "rows.jsonl"), `${JSON.stringify(row)}\n`);
  await store.datasets.register({ id, teamId, name, kind, rows: 100, stored });
  return id;
}

async function addArtifact(store: TestStore, teamId: string, runId: string, text: string): Promise<string> {
  const id = newId("artifact");
  const { location, bytes, sha256 } = await put(store, `runs/${runId}/a1/${id}`, text);
  await store.sql(
    `insert into artifact (id, team_id, kind, name, bytes, sha256, location, run_id, attempt)
     values ($1, $2, 'manifest', $3, $4, $5, $6, $7, 1)`,
    [id, teamId, text, bytes, sha256, location, runId],
  );
  return id;
}

const put = (store: Pick<Store, "bytes">, location: string, text: string) =>
  store.bytes.put(
    location,
    (async function* () {
      yield Buffer.from(text);
    })(),
  );
