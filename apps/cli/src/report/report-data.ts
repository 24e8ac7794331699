import type {
  Client,
  Comparison,
  Experiment,
  Run,
  SearchResult,
  ExperimentSpec,
  VariantReport,
} from "@espalier/contract";

/** What one run cost, and what it was made from. */
export interface ReportedRun {
  id: string;
  role: string;
  variant?: string;
  state: Run["state"];
  /** Whose result it took over. */
  reusedFrom?: string;
  /** That its devices were busy with it, from its first start to its end, times their number. */
  deviceSeconds: number;
  /** As its `manifest.json` has it: settings, seeds, versions, engine, and every input and output with its SHA-256. */
  manifest?: unknown;
}

/** All that a report says; `report.json` is this. */
export interface ReportData {
  name: string;
  id: string;
  state: Experiment["state"];
  createdAt: string;
  endedAt?: string;
  spec: ExperimentSpec;
  /** Names of models and datasets by their ids. */
  names: Record<string, string>;
  searches: { name: string; result: SearchResult }[];
  variants: VariantReport[];
  comparison: Comparison;
  deviceSeconds: number;
  runs: ReportedRun[];
}

/** Reads all that a report needs of the service. */
export async function readReport(
  client: Client,
  experimentId: string,
  query: { baseline?: string; margin?: number },
): Promise<ReportData> {
  const experiment = await client.experiments.get(experimentId);
  const comparison = await client.experiments.comparison(experimentId, query);
  const searches: ReportData["searches"] = [];
  const runs: ReportedRun[] = [];
  for (const id of experiment.runIds) {
    const run = await client.runs.get(id);
    runs.push(await reported(client, run));
    if (run.role === "search" && run.result)
      searches.push({ name: run.variant ?? "search", result: run.result as SearchResult });
  }
  const { name, id, state, createdAt, endedAt, spec, variants } = experiment;
  return {
    name,
    id,
    state,
    createdAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    spec,
    names: await namesOf(client, spec),
    searches,
    variants,
    comparison,
    deviceSeconds: runs.reduce((sum, run) => sum + run.deviceSeconds, 0),
    runs,
  };
}

async function reported(client: Client, run: Run): Promise<ReportedRun> {
  const { id, role, kind, variant, state, reusedFrom, startedAt, endedAt, needs } = run;
  const busy = startedAt && endedAt ? (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 : 0;
  const manifest = await manifestOf(client, reusedFrom ?? id).catch(() => undefined);
  return {
    id,
    role: role ?? kind,
    ...(variant === undefined ? {} : { variant }),
    state,
    ...(reusedFrom === undefined ? {} : { reusedFrom }),
    deviceSeconds: Math.round(busy * (needs.devices ?? 1) * 10) / 10,
    ...(manifest === undefined ? {} : { manifest }),
  };
}

async function manifestOf(client: Client, runId: string): Promise<unknown> {
  const { items } = await client.runs.artifacts(runId);
  const found = items.find(({ kind }) => kind === "manifest");
  if (found === undefined) return undefined;
  return (await client.artifacts.content(found.id)).json();
}

async function namesOf(client: Client, spec: ExperimentSpec): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  const note = async (id: string, get: (id: string) => Promise<{ name: string }>) => {
    const found = await get(id).catch(() => undefined);
    if (found) names[id] = found.name;
  };
  await note(spec.modelId, client.models.get);
  for (const id of [spec.triplets, ...spec.evaluation]) await note(id, client.datasets.get);
  return names;
}
