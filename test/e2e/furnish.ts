import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type SearchResult } from "@espalier/contract";
import type { Claim } from "@espalier/store";
import { Passes } from "../../apps/api/src/scheduler/passes.ts";
import { problemOf } from "../servers/store.ts";
import type { TestApi } from "../api/service.ts";

const gigabyte = 1e9;

/** A search's curve over 30 layers as that of SmolLM2-135M is: high, a valley, a hill, a second valley. */
const lossByLayer = Array.from({ length: 30 }, (_, i) => {
  const depth = i + 1;
  return (
    2.2 +
    2.1 * Math.exp(-depth / 2.5) -
    0.35 * Math.exp(-(((depth - 9) / 4) ** 2)) -
    0.55 * Math.exp(-(((depth - 23) / 4) ** 2)) +
    (depth > 27 ? 0.12 * (depth - 27) : 0)
  );
});
export const searchResult: SearchResult = {
  lossByLayer,
  standardErrorByLayer: lossByLayer.map((loss, i) => 0.02 + 0.004 * loss + (i < 3 ? 0.03 : 0)),
  small: 10,
  large: 23,
  chance: Math.log(128),
  scale: 50,
  samples: 6400,
  seed: 42,
  warnings: [],
};

/** What a furnished pool has, by what it is for. */
export interface Furnished {
  passes: Passes;
  experimentId: string;
  searchId: string;
  trainingId: string;
  failedId: string;
  /** Claims of what runs. */
  claims: Map<string, Claim>;
}

/** Lets the scheduler decide, and claims what it gave devices. */
export async function pass(api: TestApi, passes: Passes): Promise<Claim[]> {
  const claims: Claim[] = [];
  do {
    await sleep(passes.owesIn ?? 0);
    const { committed } = await passes.pass();
    for (const { runId, worker } of committed?.deliveries ?? []) {
      const [{ id: workerId }] = await api.store.sql<{ id: string }>(
        "select id from worker where name = $1",
        [worker],
      );
      const claim = await api.store.leases.claim({ runId, workerId });
      if (claim) claims.push(claim);
    }
  } while (passes.owesIn !== undefined);
  return claims;
}

/** A pool of two hosts with eight GPUs, two users, an experiment, and runs in every state; decided by the scheduler itself. */
export async function furnish(api: TestApi): Promise<Furnished> {
  const { store, spec } = api;
  for (const name of ["gpu-1", "gpu-2"])
    await store.workers.register({
      name,
      host: `${name}.lab`,
      version: "0.1.0",
      devices: Array.from({ length: 4 }, (_, i) => ({
        address: `cuda:${i}`,
        identity: `cuda:GPU-${name}-${i}`,
        kind: "cuda" as const,
        name: "NVIDIA H200",
        engine: "onnx-cuda",
        memoryBytes: 141 * gigabyte,
      })),
    });
  await store.sql("update worker set state = 'STOPPED' where name = 'w'");
  await store.sql("update worker_pulse set seen_at = now() + interval '1 hour'");
  await store.sql(
    'update model set name = \'smollm2-135m\', architecture = architecture || \'{"layers": 30, "hiddenSize": 576, "vocabularySize": 49152, "parameters": 134515008}\'',
  );
  const clientOf = async (user: string) =>
    createClient({
      url: api.url,
      key: (await store.teams.createKey(store.teamId, { name: `${user}'s laptop`, user })).text,
    });
  const [mara, ivo] = [await clientOf("mara"), await clientOf("ivo")];

  const passes = new Passes({ store });
  const claims = new Map<string, Claim>();
  const advance = async (): Promise<void> => {
    for (const claim of await pass(api, passes)) claims.set(claim.lease.runId, claim);
  };

  const experiment = await mara.experiments.submit({
    ...spec,
    name: "depths",
    variants: ["none", "large", "small", "50%"],
  });
  await advance();
  const all = await api.client.runs.list({ experimentId: experiment.id, limit: 100 });
  const search = all.items.find(({ kind }) => kind === "search")!;
  await store.leases.succeed(claims.get(search.id)!.lease, { result: searchResult });

  const train = (client: typeof mara, name: string, more: object = {}) =>
    client.runs.submit({
      spec: { kind: "train", model: spec.modelId, datasetId: spec.triplets, name },
      ...more,
    });
  const failed = await train(ivo, "too-eager");
  await advance();
  const failing = claims.get(failed.id)!;
  await store.logs.append(failing.lease, [
    { level: "info", message: "training starts: 1000 steps of 64 triplets on cuda:0" },
    { level: "warn", message: "the loss rises: 3.1 to 5.8 within 20 steps" },
    { level: "error", message: "the loss is not finite at step 42" },
  ]);
  await store.leases.fail(
    failing.lease,
    problemOf(
      "training/diverged",
      "The loss became infinite at step 42; lower the learning rate (2e-4) or train with more warm-up steps.",
    ),
  );
  const cancelled = await train(ivo, "wrong-dataset");
  await ivo.runs.cancel(cancelled.id);

  const training = await train(mara, "encoder-large");
  for (let i = 0; i < 9; i++)
    await train(
      i % 2 === 0 ? ivo : mara,
      `sweep-${i + 1}`,
      i === 3 ? { class: "urgent" } : i > 5 ? { class: "idle" } : {},
    );
  await advance();
  await advance();
  for (const [runId, { lease }] of claims) {
    if (!(await store.runs.get(store.teamId, runId)).state.startsWith("RUNNING")) continue;
    await store.sql("update run set started_at = now() - interval '14 minutes' where id = $1", [runId]);
    const done = 100 + ((runId.charCodeAt(29) * 37 + runId.charCodeAt(28)) % 700);
    await api.store.beat(lease, { phase: "train", done, total: 1000, unit: "steps" });
  }
  const { lease } = claims.get(training.id)!;
  await store.metrics.append(
    lease,
    Array.from({ length: 620 }, (_, step) => [
      { name: "loss", step, value: 0.4 + 2.6 * Math.exp(-step / 140) + 0.08 * Math.sin(step * 1.7) },
      { name: "learning_rate", step, value: 2e-4 * Math.min(1, step / 300) * (1 - step / 2000) },
    ]).flat(),
  );
  await store.logs.append(lease, [
    { level: "info", message: "training starts: 1000 steps of 64 triplets on cuda:1, LoRA rank 16" },
    ...Array.from({ length: 31 }, (_, i) => ({
      level: "info" as const,
      message: `step ${(i + 1) * 20} of 1000: loss ${(0.4 + 2.6 * Math.exp((-(i + 1) * 20) / 140)).toFixed(3)}, rate 2.0e-4, 5,210 tokens/s`,
    })),
    { level: "info", message: "checkpoint of step 620 saved" },
  ]);
  await store.sql(
    "update worker_pulse p set utilization = (select array_agg((40 + 57 * random())::int) from generate_series(1, 4)), free_bytes = (select array_agg((20e9 + 80e9 * random())::bigint) from generate_series(1, 4)) from worker w where w.id = p.worker_id and w.name like 'gpu%'",
  );
  return {
    passes,
    experimentId: experiment.id,
    searchId: search.id,
    trainingId: training.id,
    failedId: failed.id,
    claims,
  };
}
