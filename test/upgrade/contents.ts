import { createHash } from "node:crypto";
import type { Resource, Rest, RunResource } from "./rest.ts";

/** All that a team can read of the service, each noun by its id. */
export async function readContents(rest: Rest) {
  const runs = await rest.all<RunResource>("/runs");
  return {
    models: byId(await rest.all("/models")),
    datasets: byId(await rest.all("/datasets")),
    experiments: byId(await rest.all("/experiments")),
    schedules: byId(await rest.all("/schedules")),
    runs: byId(runs.map(withoutPlace)),
    details: Object.fromEntries(
      await Promise.all(runs.map(async ({ id }) => [id, await readDetails(rest, id)] as const)),
    ),
    teams: byId((await rest.get<{ items: Resource[] }>("/teams")).items.map(withoutUsage)),
  };
}

async function readDetails(rest: Rest, runId: string) {
  const { items: attempts } = await rest.get<{ items: object[] }>(`/runs/${runId}/attempts`);
  const { items: artifacts } = await rest.get<{ items: Resource[] }>(`/runs/${runId}/artifacts`);
  const metrics = await rest.all<{ value: number | null }>(`/runs/${runId}/metrics`);
  return {
    attempts,
    artifacts,
    sha256: await Promise.all(artifacts.map(({ id }) => hashOf(rest, id))),
    // A migration may change what a value is called, and the step of one that has none; the values may not change.
    metrics: metrics.map(({ value }) => String(value)).sort(),
    logs: await rest.all<object>(`/runs/${runId}/logs`),
  };
}

const hashOf = async (rest: Rest, artifactId: string): Promise<string> =>
  createHash("sha256")
    .update(await rest.bytes(`/artifacts/${artifactId}/content`))
    .digest("hex");

/** Why a run waits, and at which place, is decided anew by each plan. */
const withoutPlace = ({ waiting: _waiting, ...run }: RunResource): Resource => run;

/** Usage decays from one moment to the next. */
const withoutUsage = ({ usage: _usage, users: _users, ...team }: Resource): Resource => team;

const byId = (items: readonly Resource[]): Record<string, Resource> =>
  Object.fromEntries(items.map((item) => [item.id, item]));
