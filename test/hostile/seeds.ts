import { newId } from "@espalier/contract";
import { startTestApi, type TestApi } from "../api/service.ts";

/** Things of a team that a request can name, by the name of their id's schema. */
export async function seed(
  server?: string,
): Promise<{ api: TestApi; key: string; ids: Record<string, string> }> {
  const api = await startTestApi({}, server);
  const { store, client, spec } = api;
  const { text: key } = await store.teams.createKey(store.teamId, {
    name: "operator",
    role: "admin",
    operator: true,
  });
  const experiment = await client.experiments.submit(spec);
  const run = await store.submit();
  const array = await client.arrays.submit({
    array: "1-2",
    spec: { kind: "prune", model: spec.modelId, layers: "{index}" },
  });
  const schedule = await client.schedules.create({
    name: "nightly",
    cron: "0 3 * * *",
    submission: { experiment: spec },
  });
  const upload = await client.uploads.create();
  const artifactId = newId("artifact");
  await store.bytes.put(
    `datasets/${spec.triplets}/rows.jsonl`,
    (async function* () {
      yield Buffer.from('{"query": "One.", "positive": "1", "negatives": []}\n');
    })(),
  );
  const stored = await store.bytes.put(`runs/${run.id}/a1/empty.txt`, (async function* () {})());
  await store.sql(
    `insert into artifact (id, team_id, kind, name, bytes, sha256, location, run_id, attempt, sources)
     values ($1, $2, 'manifest', 'empty.txt', 0, $3, $4, $5, 1, '{}')`,
    [artifactId, store.teamId, stored.sha256, stored.location, run.id],
  );
  return {
    api,
    key,
    ids: {
      RunId: run.id,
      ModelId: spec.modelId,
      DatasetId: spec.triplets,
      ExperimentId: experiment.id,
      ArrayId: array.id,
      ScheduleId: schedule.id,
      UploadId: upload.id,
      ArtifactId: artifactId,
      WorkerId: store.workerId,
      DeviceId: store.deviceId,
    },
  };
}
