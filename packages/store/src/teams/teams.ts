import {
  newId,
  Problem,
  type Team,
  type TeamChange,
  type UrgentFrom,
  type UserChange,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { found } from "../database/row.ts";
import { createIdentities, type Identities } from "./identities.ts";
import { createKeys, ensureUser, type Keys } from "./keys.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { readTeams } from "./usage.ts";

/** Teams and their users, with their keys and sessions, weights, quotas and usage. */
export interface Teams extends Keys, Sessions, Identities {
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
  /** The role from which on keys of the team may ask for class urgent. */
  urgentFrom(teamId: string): Promise<UrgentFrom>;
}

export function createTeams(database: Database): Teams {
  const { prisma, query, transaction } = database;
  const get = async (teamName: string): Promise<Team> =>
    found((await readTeams({ query }, teamName))[0], "team", teamName);

  const keys = createKeys(database);

  return {
    ...keys,
    ...createSessions(database, keys),
    ...createIdentities(database, keys),

    async ensure(name) {
      await prisma.team.createMany({ data: { id: newId("team"), name }, skipDuplicates: true });
      const { id } = await prisma.team.findFirstOrThrow({ where: { name } });
      await ensureUser(prisma, id, "default");
      return { id, name };
    },
    list: () => readTeams({ query }),
    async urgentFrom(teamId) {
      const { rows } = await query<{ from: UrgentFrom }>(
        `select urgent_from as "from" from team where id = $1`,
        [teamId],
      );
      return found(rows[0], "team", teamId).from;
    },
    get,
    async change(teamName, change) {
      const assignments = assignmentsOf(change);
      await transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>(
          "select id from team where name = $1 for no key update",
          [teamName],
        );
        await assign(tx, "team", found(rows[0], "team", teamName).id, assignments);
      });
      return get(teamName);
    },
    async changeUser(teamName, userName, change) {
      const assignments = assignmentsOf(change);
      await transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>(
          `select u.id from team_user u join team t on t.id = u.team_id where t.name = $1 and u.name = $2
           for no key update of u`,
          [teamName, userName],
        );
        await assign(tx, "team_user", found(rows[0], `user ${userName} of team`, teamName).id, assignments);
      });
      return get(teamName);
    },
  };
}

const columns = {
  weight: "weight",
  period: "quota_period",
  devices: "quota_devices",
  borrowing: "quota_borrowing",
  queuedRuns: "quota_queued_runs",
  pendingRuns: "quota_pending_runs",
  deviceHours: "quota_hours",
  bytes: "quota_bytes",
  urgent: "urgent_from",
} as const satisfies Record<keyof TeamChange, string>;

type Assignments = readonly (readonly [column: string, value: string | number | null])[];

function assignmentsOf(change: TeamChange): Assignments {
  const given = (Object.keys(columns) as (keyof TeamChange)[]).flatMap((field) => {
    const value = change[field];
    return value === undefined ? [] : [[columns[field], value] as const];
  });
  if (given.length === 0)
    throw new Problem("request/invalid", "Nothing is to change; name a weight or a quota.", { field: "" });
  return given;
}

/** Hours that were counted in another period say nothing about the new one, so they are set back. */
async function assign(
  tx: Transaction,
  table: "team" | "team_user",
  id: string,
  assignments: Assignments,
): Promise<void> {
  const period = assignments.find(([column]) => column === columns.period);
  if (period)
    await tx.query(`update ${table} set spent_hours = 0 where id = $1 and quota_period <> $2`, [
      id,
      period[1],
    ]);
  await tx.query(
    `update ${table} set ${assignments.map(([column], i) => `${column} = $${i + 2}`).join(", ")} where id = $1`,
    [id, ...assignments.map(([, value]) => value)],
  );
}
