import type { Experiment } from "@espalier/contract";
import type { ExperimentRecord, Store } from "@espalier/store";
import { report } from "./report.ts";

/** An experiment with what its runs have found so far. */
export async function viewOf(store: Store, teamId: string, record: ExperimentRecord): Promise<Experiment> {
  const [view] = await viewsOf(store, teamId, [record]);
  return view!;
}

/** As `viewOf`, for many: their models are read at once. */
export async function viewsOf(
  store: Store,
  teamId: string,
  records: readonly ExperimentRecord[],
): Promise<Experiment[]> {
  const models = await store.models.named(teamId, [...new Set(records.flatMap(modelsOf))]);
  return records.map(({ id, name, spec, runs, createdAt, createdBy }) => ({
    id,
    name,
    spec,
    createdAt,
    ...(createdBy && { createdBy }),
    runIds: runs.map((run) => run.id),
    ...report(runs, models),
  }));
}

/** The models that a report speaks of. */
const modelsOf = ({ spec, runs }: ExperimentRecord): string[] => [
  spec.modelId,
  ...runs.flatMap(({ kind, result }) =>
    kind === "prune" && result && "modelId" in result ? [result.modelId] : [],
  ),
];
