import type { Turn } from "./order.ts";
import type { Pass } from "./pass.ts";

/** The part of the usage that a team has had, and the part that its weight entitles it to, among the teams that have runs. */
export interface Share {
  readonly share: number;
  readonly fair: number;
}

export function fairSharesOf({ pool }: Pass, turns: readonly Turn[]): Map<string, Share> {
  const teams = new Set([
    ...pool.holders.map(({ user }) => user.team!),
    ...turns.map(({ user }) => user.team!),
  ]);
  const active = [...teams].sort((a, b) => (a.id < b.id ? -1 : 1));
  const service = active.reduce((sum, team) => sum + team.service, 0);
  const weight = active.reduce((sum, team) => sum + team.weight, 0);
  return new Map(
    active.map((team) => [
      team.id,
      { share: service > 0 ? team.service / service : 0, fair: team.weight / weight },
    ]),
  );
}
