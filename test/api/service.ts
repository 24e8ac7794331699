import { createClient, newId, type Client, type ExperimentSpec } from "@espalier/contract";
import { listen } from "../servers/api.ts";
import { openTestStore, type TestStore } from "../servers/store.ts";

/** The API without its scheduler, on a store of its own, with a model and datasets of which nobody reads the bytes. */
export interface TestApi {
  store: TestStore;
  app: Awaited<ReturnType<typeof listen>>["app"];
  url: string;
  key: string;
  client: Client;
  /** Of another team. */
  stranger: Client;
  /** What can be submitted. */
  spec: ExperimentSpec;
  close(): Promise<void>;
}

/** @param server URL of a PostgreSQL; default: the one that tests share */
export async function startTestApi(
  more: Parameters<typeof listen>[1] = {},
  server?: string,
): Promise<TestApi> {
  const store = await openTestStore(server);
  const { app, url } = await listen(store, more);
  const { text: key } = await store.teams.createKey(store.teamId, { name: "dev" });
  const other = await store.teams.ensure("strangers");
  const { text: theirs } = await store.teams.createKey(other.id, { name: "theirs" });

  const [modelId, triplets, sts] = [newId("model"), newId("dataset"), newId("dataset")];
  const architecture = {
    type: "llama",
    layers: 4,
    hiddenSize: 8,
    vocabularySize: 9,
    parameters: 100,
    dtype: "F32",
  };
  await store.sql(
    "insert into model (id, team_id, name, state, architecture) values ($1, $2, 'm', 'READY', $3)",
    [modelId, store.teamId, JSON.stringify(architecture)],
  );
  for (const [id, kind] of [
    [triplets, "triplets"],
    [sts, "sts"],
  ] as const)
    await store.datasets.register({
      id,
      teamId: store.teamId,
      name: kind,
      kind,
      rows: 100,
      stored: { location: `datasets/${id}/rows.jsonl`, bytes: 1, sha256: "0".repeat(64) },
    });

  return {
    store,
    app,
    url,
    key,
    client: createClient({ url, key }),
    stranger: createClient({ url, key: theirs }),
    spec: { name: "trial", modelId, triplets, evaluation: [sts], variants: ["none", 2] },
    async close() {
      await app.close();
      await store.discard();
    },
  };
}
