import { createClient, type Client } from "@espalier/contract";
import type { Claim } from "@espalier/store";
import { Passes } from "../../apps/api/src/scheduler/passes.ts";
import { depthsResult, finish } from "./finish.ts";
import { problemOf } from "../servers/store.ts";
import type { TestApi } from "../api/service.ts";
import { pass } from "./pass.ts";
import { influenceResult, searchResult } from "./search-result.ts";

const gigabyte = 1e9;

/** What a furnished pool has, by what it is for. */
export interface Furnished {
  passes: Passes;
  experimentId: string;
  searchId: string;
  trainingId: string;
  failedId: string;
  /** Runs whose curves can be laid over each other. */
  compared: string[];
  /** Runs that looked at layers and at depths, where there is a history. */
  looked: Looked | undefined;
  /** Claims of what runs. */
  claims: Map<string, Claim>;
}

/** A pool of two hosts with eight GPUs, two users, an experiment, and runs in every state; decided by the scheduler itself. */
export async function furnish(api: TestApi, { history = false } = {}): Promise<Furnished> {
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

  let finishedId: string | undefined;
  let looked: Looked | undefined;
  if (history) {
    looked = await lookAtDepths(api, ivo, advance, claims);
    const variants = ["none", "large", "small", "50%"] as const;
    const before = await ivo.experiments.submit({ ...spec, name: "baseline", variants: [...variants] });
    await finish(api, passes, before.id);
    finishedId = before.id;
  }
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
      name,
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
      i === 3 ? { class: "urgent" } : i === 0 || i > 5 ? { class: "idle" } : {},
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
  // What waits is told anew, now that what computes has come so far.
  await advance();
  const ended = await api.client.runs.list({ kind: "train", state: "SUCCEEDED", limit: 4 });
  const compared = history ? ended.items.map(({ id }) => id) : [training.id, failed.id];
  return {
    passes,
    experimentId: finishedId ?? experiment.id,
    searchId: search.id,
    trainingId: training.id,
    failedId: failed.id,
    compared,
    looked,
    claims,
  };
}

interface Looked {
  influenceId: string;
  depthsId: string;
}

/** A search by another rule, and an evaluation at every depth. */
async function lookAtDepths(
  { store, spec }: TestApi,
  client: Client,
  advance: () => Promise<void>,
  claims: ReadonlyMap<string, Claim>,
): Promise<Looked> {
  const { modelId: model, triplets: datasetId, evaluation } = spec;
  const influence = await client.runs.submit({
    name: "by-influence",
    spec: { kind: "search", model, datasetId, settings: { rule: "block-influence" } },
  });
  const depths = await client.runs.submit({
    name: "every-depth",
    spec: { kind: "evaluate", model, datasetIds: evaluation, depths: "all" },
  });
  await advance();
  await store.leases.succeed(claims.get(influence.id)!.lease, { result: influenceResult });
  await store.leases.succeed(claims.get(depths.id)!.lease, { result: depthsResult(evaluation[0]) });
  return { influenceId: influence.id, depthsId: depths.id };
}
