import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Overview, type Team } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { viewer } from "../auth/access.ts";
import { isOperator, principalOf } from "../auth/principal.ts";
import { readPool, type PoolSources } from "../pool/document.ts";
import { teamPool } from "../pool/view.ts";

type Consumer = Pick<Team, "name" | "usage" | "weight" | "runningDevices">;

const sum = (all: readonly Consumer[], field: "usage" | "weight"): number =>
  all.reduce((total, each) => total + each[field], 0);
const part = (own: number, all: number): number => (all > 0 ? Math.round((1000 * own) / all) / 1000 : 0);

const shareOf = (one: Consumer, all: readonly Consumer[]): Overview["team"] => ({
  name: one.name,
  used: part(one.usage, sum(all, "usage")),
  fair: part(one.weight, sum(all, "weight")),
  devices: one.runningDevices,
});

/** What a person looks at first, in one answer. */
export const overview: FastifyPluginAsyncTypebox<PoolSources & { store: Store }> = async (app, sources) => {
  const { store } = sources;
  app.get("/overview", { config: viewer, schema: { response: { 200: Overview } } }, async (request) => {
    const { teamId, teamName } = principalOf(request);
    const everyone = isOperator(request);
    const [found, activity, teams] = await Promise.all([
      readPool(sources, teamId, everyone),
      store.activities.read(teamId),
      store.teams.list(),
    ]);
    const { at, alerts, workers, devices } = everyone ? found : teamPool(found);
    const team = teams.find(({ name }) => name === teamName)!;
    const users = team.users.map((user) => shareOf(user, team.users));
    return { at, alerts, workers, devices, ...activity, team: shareOf(team, teams), users };
  });
};
