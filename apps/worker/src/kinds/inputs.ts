import { join } from "node:path";
import { Problem, type Run } from "@espalier/contract";
import type { PreparationContext } from "../attempt/prepare.ts";
import type { Workspace } from "../attempt/workspace.ts";

/** A run that has succeeded. */
export async function finished(
  store: PreparationContext["store"],
  teamId: string,
  runId: string,
  field: string,
): Promise<Run> {
  const run = await store.runs.get(teamId, runId);
  if (run.state === "SUCCEEDED") return run;
  throw new Problem("run/upstream-failed", `The run ${runId} is ${run.state}, not SUCCEEDED.`, {
    field,
    runId,
  });
}

/** Puts a dataset into the workspace under its id. */
export async function dataset(
  store: PreparationContext["store"],
  teamId: string,
  id: string,
  workspace: Workspace,
) {
  const { name, kind, artifactId } = await store.datasets.get(teamId, id);
  const { location } = await store.datasets.stored(teamId, id);
  const file = `${id}.jsonl`;
  await store.bytes.materialise([{ name: file, location }], workspace.datasets);
  return { id, name, kind, artifactId, path: join(workspace.datasets, file) };
}
