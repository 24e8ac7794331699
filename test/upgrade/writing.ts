import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { isTerminal, type RunState } from "@espalier/contract";
import { until } from "../chaos/patience.ts";
import type { Resource, Rest, RunResource } from "./rest.ts";

/** Waits for a run to end; it may be behind others. */
export async function ended(rest: Rest, runId: string): Promise<RunResource> {
  let run: RunResource | undefined;
  const hasEnded = async () => {
    run = await rest.get<RunResource>(`/runs/${runId}`);
    return isTerminal(run.state as RunState);
  };
  await until(`run ${runId} has ended`, hasEnded, { seconds: 600 });
  return run!;
}

/** What runs need. */
export interface Inputs {
  model: string;
  triplets: string;
  sts: string;
}

/** Uploads the model and the datasets of the demo, and waits for the import. */
export async function writeInputs(rest: Rest, demo: string): Promise<Inputs> {
  const upload = await rest.post("/uploads");
  const folder = join(demo, "model");
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    const name = encodeURIComponent(relative(folder, path));
    await rest.put(`/uploads/${upload.id}/files/${name}`, await readFile(path));
  }
  const { model, run } = await rest.post<{ model: Resource; run: Resource }>("/models", {
    name: "demo",
    uploadId: upload.id,
  });
  const dataset = async (kind: "triplets" | "sts", lines: number): Promise<string> => {
    const rows = (await readFile(join(demo, `${kind}.jsonl`), "utf8")).split("\n").slice(0, lines);
    const body = Buffer.from(`${rows.join("\n")}\n`);
    return (await rest.post(`/datasets?name=${kind}&kind=${kind}`, body)).id;
  };
  const inputs = { model: model.id, triplets: await dataset("triplets", 32), sts: await dataset("sts", 16) };
  const { state, problem } = await ended(rest, run.id);
  if (state !== "SUCCEEDED") throw new Error(`the import is ${state}: ${JSON.stringify(problem)}`);
  return inputs;
}

/** A recipe, and the export of the model that it trains: runs of every kind that computes. */
export async function submitExperiment(
  rest: Rest,
  { model, triplets, sts }: Inputs,
): Promise<{ id: string; runIds: string[] }> {
  const { id, runIds } = await rest.post<Resource & { runIds: string[] }>("/experiments", {
    name: "trial",
    modelId: model,
    triplets,
    evaluation: [sts],
    variants: ["small"],
    search: { batchSize: 4, batches: 2 },
    training: { steps: 2, batchSize: 4, checkpointEvery: 1 },
  });
  const runs = await rest.all<RunResource & { kind: string }>("/runs");
  const train = runs.find((run) => runIds.includes(run.id) && run.kind === "train")!;
  const spec = { kind: "export", model: { run: train.id }, formats: ["safetensors"] };
  return { id, runIds: [...runIds, (await rest.post("/runs", { spec })).id] };
}

/** Runs that depend on one another, with each way to say which layers are kept. Returns their ids. */
export async function submitGraph(rest: Rest, { model, triplets, sts }: Inputs): Promise<string[]> {
  const { runs } = await rest.post<{ runs: Record<string, Resource> }>("/graphs", {
    runs: {
      search: {
        spec: { kind: "search", model, datasetId: triplets, settings: { batchSize: 4, batches: 2 } },
      },
      picked: { spec: { kind: "prune", model, layers: { run: "search", pick: "small" }, name: "picked" } },
      share: { spec: { kind: "prune", model, layers: { dropPercent: 75 }, mode: "reference" } },
      named: { spec: { kind: "prune", model, layers: { keep: [0, 2] } } },
      train: {
        spec: {
          kind: "train",
          model: { run: "share" },
          datasetId: triplets,
          encoding: { pooling: "mean", maxLength: 32 },
          settings: { steps: 2, batchSize: 4, objective: "simcse" },
        },
        priority: 3,
        class: "urgent",
      },
      evaluate: { spec: { kind: "evaluate", model: { run: "train" }, datasetIds: [sts] } },
      export: { spec: { kind: "export", model: { run: "train" }, dtype: "F16" } },
    },
  });
  return Object.values(runs).map(({ id }) => id);
}

/** What never ran: a run that was cancelled and one that needs it, a schedule, a quota, an import from a hub. */
export async function writeOther(rest: Rest, { model, sts }: Inputs): Promise<void> {
  const { runs } = await rest.post<{ runs: Record<string, Resource> }>("/graphs", {
    runs: {
      first: { spec: { kind: "prune", model, layers: 3 } },
      second: { spec: { kind: "evaluate", model: { run: "first" }, datasetIds: [sts] } },
    },
  });
  await rest.post(`/runs/${runs.first.id}/cancel`);
  const run = { spec: { kind: "prune", model, layers: 4 }, needs: { devices: 1 } };
  const schedule = { name: "yearly", cron: "0 0 1 1 *", timezone: "Europe/Berlin", submission: { run } };
  const { id } = await rest.post("/schedules", schedule);
  await rest.post("/schedules", { ...schedule, name: "paused" });
  await rest.post(`/schedules/${id}/pause`);
  await rest.put("/teams/default", { weight: 2, devices: 8, borrowing: 4, deviceHours: 100, period: "week" });
  const source = { hub: "somebody/something" };
  const hub = await rest.post<{ run: Resource }>("/models", { name: "hub", source });
  await rest.post(`/runs/${hub.run.id}/cancel`);
}
