import type { Policy } from "@espalier/scheduler";
import type { QueuedRun, Team, Usage, User } from "@espalier/scheduler";
import { accrued } from "@espalier/scheduler";
import type { TraceTeam } from "./job.ts";

interface Entry {
  usage: Usage;
  /** Device units held, times what their class counts for. */
  rate: number;
}

/** Usage of teams and users as the service would account for it. */
export class Spending {
  readonly #policy: Policy;
  readonly #teams = new Map<string, Entry & TraceTeam>();
  readonly #users = new Map<string, Entry & { id: string; teamId: string }>();

  constructor(teams: ReadonlyMap<string, TraceTeam>, policy: Policy) {
    this.#policy = policy;
    for (const [id, team] of teams) this.#teams.set(id, { ...team, ...nothing });
  }

  hold({ teamId, userId, class: name }: QueuedRun, units: number, now: number): void {
    const team = this.#teams.get(teamId) ?? { weight: 1, quota: null, ...nothing };
    const user = this.#users.get(userId) ?? { id: userId, teamId, ...nothing };
    this.#teams.set(teamId, team);
    this.#users.set(userId, user);
    for (const entry of [team, user]) {
      entry.usage = accrued(entry.usage, entry.rate, now, this.#policy.halfLifeMs);
      entry.rate += units * this.#policy.charge[name];
    }
  }

  at(now: number): { teams: Team[]; users: User[] } {
    const usage = (entry: Entry): Usage => accrued(entry.usage, entry.rate, now, this.#policy.halfLifeMs);
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
