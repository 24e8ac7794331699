import { accrued, type QueuedRun, type Team, type Usage, type User } from "@espalier/scheduler";
import { classCharge, usageHalfLifeMs } from "../../packages/contract/src/index.ts";
import type { TraceTeam } from "./job.ts";

interface Entry {
  usage: Usage;
  /** Device units held, times what their class counts for. */
  rate: number;
}

/** Usage of teams and users as the service would account for it. */
export class Spending {
  readonly #teams = new Map<string, Entry & TraceTeam>();
  readonly #users = new Map<string, Entry & { id: string; teamId: string }>();

  constructor(teams: ReadonlyMap<string, TraceTeam>) {
    for (const [id, team] of teams) this.#teams.set(id, { ...team, ...nothing });
  }

  hold({ teamId, userId, class: name }: QueuedRun, units: number, now: number): void {
    const team = this.#teams.get(teamId) ?? { weight: 1, quota: null, ...nothing };
    const user = this.#users.get(userId) ?? { id: userId, teamId, ...nothing };
    this.#teams.set(teamId, team);
    this.#users.set(userId, user);
    for (const entry of [team, user]) {
      entry.usage = accrued(entry.usage, entry.rate, now, usageHalfLifeMs);
      entry.rate += units * classCharge[name];
    }
  }

  at(now: number): { teams: Team[]; users: User[] } {
    const usage = (entry: Entry): number =>
      accrued(entry.usage, entry.rate, now, usageHalfLifeMs).deviceSeconds;
    return {
      teams: [...this.#teams].map(([id, team]) => ({
        id,
        weight: team.weight,
        usage: usage(team),
        quota: team.quota,
      })),
      users: [...this.#users.values()].map((user) => ({
        id: user.id,
        teamId: user.teamId,
        weight: 1,
        usage: usage(user),
        quota: null,
      })),
    };
  }
}

const nothing: Entry = { usage: { deviceSeconds: 0, at: 0 }, rate: 0 };
