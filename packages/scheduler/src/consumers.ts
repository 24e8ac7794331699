import type { HourQuota, Snapshot } from "./snapshot.ts";

/**
 * A team, or a user of a team: what it has used, holds, and may hold. A pass counts every device that it gives away here,
 * so that the next turn sees it.
 */
export class Consumer {
  readonly id: string;
  readonly weight: number;
  /** The team of a user; null for a team. */
  readonly team: Consumer | null;
  /** Device units; null: no limit. */
  readonly devices: number | null;
  /** Most device units that it may hold, borrowed ones included. */
  readonly ceiling: number;
  readonly hours: HourQuota | null;
  readonly users = new Map<string, Consumer>();
  /** Weighted device seconds: decayed usage, and what running and reserved runs are still expected to use. */
  service: number;
  /** Device units held now, and kept for a run. */
  units = 0;
  /** Device hours that running and reserved runs are still expected to use. */
  hoursAhead = 0;
  /** The part of `units` that belongs to runs that were asked to stop. */
  leaving = 0;
  /** The aged run that waits for this quota; no other run of the quota may overtake it. */
  heldForAged: string | null = null;

  constructor(
    id: string,
    team: Consumer | null,
    given: {
      weight: number;
      service: number;
      devices: number | null;
      borrowing: number | null;
      hours: HourQuota | null;
    },
  ) {
    this.id = id;
    this.team = team;
    // A weight of zero would divide by zero; such a consumer gets almost nothing instead.
    this.weight = given.weight > 0 ? given.weight : 1e-6;
    this.service = given.service;
    this.devices = given.devices;
    this.ceiling =
      given.devices === null || given.borrowing === null ? Infinity : given.devices + given.borrowing;
    this.hours = given.hours;
  }

  /** Orders consumers: the one that has been served least for its weight comes first. */
  get standing(): number {
    return this.service / this.weight;
  }
}

/** Sums of fractions of devices are not exact. */
const slack = 1e-9;

/** Whether `units` more would be beyond the consumer's own. */
export const isBeyond = (consumer: Consumer, units: number): boolean =>
  consumer.devices !== null && consumer.units + units > consumer.devices + slack;

export interface QuotaRefusal {
  readonly consumer: Consumer;
  readonly quota: "devices" | "device-hours";
  readonly needs: number;
}

/**
 * The quota of this user, or of its team, that forbids it to hold `units` more for `hours` device hours in all;
 * undefined: none does.
 * @param later whether it would hold them only when the runs that were asked to stop have left
 */
export function quotaRefusal(
  user: Consumer,
  units: number,
  hours: number,
  later = false,
): QuotaRefusal | undefined {
  return refusalOf(user.team!, units, hours, later) ?? refusalOf(user, units, hours, later);
}

function refusalOf(
  consumer: Consumer,
  units: number,
  hours: number,
  later: boolean,
): QuotaRefusal | undefined {
  const held = later ? consumer.units - consumer.leaving : consumer.units;
  if (held + units > consumer.ceiling + slack) return { consumer, quota: "devices", needs: units };
  const budget = consumer.hours;
  return budget && budget.used + consumer.hoursAhead + hours > budget.limit + slack
    ? { consumer, quota: "device-hours", needs: hours }
    : undefined;
}

/** Counts a run that holds, or will hold, `units` for `seconds` more. */
export function hold(user: Consumer, units: number, seconds: number): void {
  for (const consumer of [user.team!, user]) {
    consumer.units += units;
    consumer.hoursAhead += (units * seconds) / 3600;
  }
}

/** Counts a run of `units` as asked to stop. */
export function leave(user: Consumer, units: number): void {
  user.leaving += units;
  user.team!.leaving += units;
}

/** Moves the user and its team back in the order by what a run is expected to use. */
export function charge(user: Consumer, weightedSeconds: number): void {
  user.service += weightedSeconds;
  user.team!.service += weightedSeconds;
}

export interface Consumers {
  readonly teams: ReadonlyMap<string, Consumer>;
  /** Runs that may take part in the order, of teams that have such a limit. */
  readonly queueLimits: readonly (readonly [teamId: string, limit: number])[];
  user(teamId: string, userId: string): Consumer;
}

/** The teams and users of a snapshot; those that it does not list are added when they are asked for. */
export function openConsumers({ teams, users }: Snapshot): Consumers {
  const open = new Map<string, Consumer>();
  for (const { id, weight, usage, quota } of teams)
    open.set(
      id,
      new Consumer(id, null, {
        weight,
        service: usage,
        devices: quota?.devices ?? null,
        borrowing: quota?.borrowing ?? null,
        hours: quota?.deviceHours ?? null,
      }),
    );
  const unlisted = { weight: 1, service: 0, devices: null, borrowing: null, hours: null };
  const teamOf = (id: string): Consumer => {
    const found = open.get(id) ?? new Consumer(id, null, unlisted);
    open.set(id, found);
    return found;
  };
  for (const { id, teamId, weight, usage, quota } of users) {
    const team = teamOf(teamId);
    team.users.set(
      id,
      new Consumer(id, team, {
        weight,
        service: usage,
        devices: quota?.devices ?? null,
        borrowing: 0,
        hours: quota?.deviceHours ?? null,
      }),
    );
  }
  return {
    teams: open,
    queueLimits: teams.flatMap(({ id, quota }) => {
      const limit = quota?.queuedRuns ?? null;
      return limit === null ? [] : [[id, limit] as const];
    }),
    user(teamId, userId) {
      const team = teamOf(teamId);
      const found = team.users.get(userId);
      if (found) return found;
      const user = new Consumer(userId, team, unlisted);
      team.users.set(userId, user);
      return user;
    },
  };
}
