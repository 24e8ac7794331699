import { newId, Problem, type Team, type TeamChange, type UserChange } from "@espalier/contract";
import type { Prisma } from "../generated/client.ts";
import type { Database } from "../database/database.ts";
import { found } from "../database/row.ts";
import { createKeys, ensureUser, type Keys } from "./keys.ts";
import { readTeams } from "./usage.ts";

/** Teams and their users, with their keys, weights, quotas and usage. */
export interface Teams extends Keys {
  /** The team of this name, made if missing, with its user `default`. */
  ensure(name: string): Promise<{ id: string; name: string }>;
  list(): Promise<Team[]>;
  get(teamName: string): Promise<Team>;
  /**
   * A field that is left out stays as it is; null takes a limit away. A quota below what the team holds now is accepted:
   * no run is ended for it. Throws `request/invalid` where nothing is given.
   */
  change(teamName: string, change: TeamChange): Promise<Team>;
  /** As `change`, for one user of a team. Returns the team. */
  changeUser(teamName: string, userName: string, change: UserChange): Promise<Team>;
}

export function createTeams(database: Database): Teams {
  const { prisma, query } = database;
  const get = async (teamName: string): Promise<Team> =>
    found((await readTeams({ query }, teamName))[0], "team", teamName);

  return {
    ...createKeys(database),

    async ensure(name) {
      await prisma.team.createMany({ data: { id: newId("team"), name }, skipDuplicates: true });
      const { id } = await prisma.team.findUniqueOrThrow({ where: { name } });
      await ensureUser(prisma, id, "default");
      return { id, name };
    },
    list: () => readTeams({ query }),
    get,
    async change(teamName, change) {
      const { id } = found(await prisma.team.findUnique({ where: { name: teamName } }), "team", teamName);
      const data = columnsOf(change);
      await prisma.$transaction([
        ...perPeriod(change, (not) =>
          prisma.team.updateMany({ where: { id, quotaPeriod: { not } }, data: { spentHours: 0 } }),
        ),
        prisma.team.update({ where: { id }, data }),
      ]);
      return get(teamName);
    },
    async changeUser(teamName, userName, change) {
      const { id } = found(
        await prisma.teamUser.findFirst({ where: { name: userName, team: { name: teamName } } }),
        `user ${userName} of team`,
        teamName,
      );
      const data = columnsOf(change);
      await prisma.$transaction([
        ...perPeriod(change, (not) =>
          prisma.teamUser.updateMany({ where: { id, quotaPeriod: { not } }, data: { spentHours: 0 } }),
        ),
        prisma.teamUser.update({ where: { id }, data }),
      ]);
      return get(teamName);
    },
  };
}

const columns = {
  weight: "weight",
  period: "quotaPeriod",
  devices: "quotaDevices",
  borrowing: "quotaBorrowing",
  queuedRuns: "quotaQueuedRuns",
  pendingRuns: "quotaPendingRuns",
  deviceHours: "quotaHours",
} as const satisfies Record<keyof TeamChange, keyof Prisma.TeamUncheckedUpdateInput>;

function columnsOf(change: TeamChange): Record<string, string | number | null> {
  const given = (Object.keys(columns) as (keyof TeamChange)[]).flatMap((field) => {
    const value = change[field];
    return value === undefined ? [] : [[columns[field], value] as const];
  });
  if (given.length === 0)
    throw new Problem("request/invalid", "Nothing is to change; name a weight or a quota.", { field: "" });
  return Object.fromEntries(given);
}

/**
 * Hours that were counted in another period say nothing about the new one: `recount` sets them back, where a period is
 * given.
 */
const perPeriod = <T>({ period }: TeamChange, recount: (period: Team["period"]) => T): T[] =>
  period === undefined ? [] : [recount(period)];
