import type { PriorityClass } from "@espalier/contract";
import { isBeyond, leave } from "./consumers.ts";
import type { Candidate } from "./candidate.ts";
import type { Preemption } from "./decisions.ts";
import { atRisk, preemptionReason, findVictims, isPreemptible, type VictimSet } from "./victims.ts";
import type { Pass } from "./pass.ts";
import { rankOf } from "./policy.ts";
import type { Holder } from "./pool.ts";
import { earliest, soonest } from "./soonest.ts";
import type { Reservation } from "./snapshot.ts";

/** Asks runs to leave for others, as often as the policy allows in one pass. */
export class Preemptor {
  readonly preemptions: Preemption[] = [];
  readonly #pass: Pass;
  /** Running runs that may be asked to leave. */
  readonly #preemptible: readonly Holder[];
  /** Candidates for which nobody could be asked to leave. */
  readonly #unserved: Candidate[] = [];
  #served = 0;
  /** Of those who may be asked: the lowest rank, and whether any team has borrowed; as of so many evictions. */
  #victimSummary: { served: number; lowest: number; lent: boolean } | null = null;
  #tries = 0;

  constructor(pass: Pass) {
    this.#pass = pass;
    this.#preemptible = pass.pool.holders.filter((holder) => isPreemptible(holder, pass.now, pass.policy));
  }

  /** A search costs time whether it finds something or not. */
  get #isOutOfBudget(): boolean {
    const { preemptors } = this.#pass.policy;
    return this.#served >= preemptors || this.#tries >= 4 * preemptors;
  }

  /** Asks the cheapest lesser runs, or borrowers of its team's quota, to leave for a candidate within its own quota. */
  preempt(candidate: Candidate): Reservation | undefined {
    const { run, team } = candidate;
    if (this.#isOutOfBudget || !this.#mayHaveVictims(run.class, team.devices !== null)) return undefined;
    if (this.#hasFailedForLess(candidate)) return undefined;
    this.#tries++;
    if (this.#startsSoonAnyway(candidate)) return undefined;
    const allowed = this.#preemptible.filter(
      (holder) => !holder.stopping && preemptionReason(candidate, holder),
    );
    const eviction = findVictims(candidate, this.#pass.policy.sharers, new Set(allowed));
    if (!eviction || !this.#mayReclaim(candidate, eviction.holders)) {
      this.#unserved.push(candidate);
      return undefined;
    }
    return this.#preemptAll(candidate, eviction);
  }

  /** Asks its team's own lesser runs to leave for a candidate that lacks quota, and where needed devices. */
  preemptWithinTeam(candidate: Candidate): Reservation | undefined {
    const { team, units, group } = candidate;
    if (team.devices === null || units > team.devices || this.#isOutOfBudget) return undefined;
    this.#tries++;
    const over = team.units - team.leaving + units - team.devices - 1e-9;
    if (this.#endsSoon(candidate) >= over) return undefined;
    const own = this.#preemptible.filter(
      (holder) =>
        holder.user.team === team &&
        !holder.stopping &&
        preemptionReason(candidate, holder) &&
        holder.seats.some(({ device }) => group.members.has(device)),
    );
    if (own.length === 0) return undefined;
    const { sharers } = this.#pass.policy;
    const free = earliest(group, candidate, sharers);
    const eviction =
      free?.afterMs === 0
        ? { devices: free.devices, holders: [] }
        : findVictims(candidate, sharers, new Set(own));
    if (!eviction) return undefined;
    const holders = addForQuota(eviction.holders, own, over);
    return holders && this.#preemptAll(candidate, { devices: eviction.devices, holders });
  }

  /** Whether the candidate's devices are expected so soon that nobody need leave. */
  #startsSoonAnyway(candidate: Candidate): boolean {
    const { sharers, graceMs, minGainMs } = this.#pass.policy;
    const wait = earliest(candidate.group, candidate, sharers)?.afterMs ?? Infinity;
    return wait <= graceMs + minGainMs;
  }

  /** Units that the candidate's team gives back soon without being asked. */
  #endsSoon({ team }: Candidate): number {
    const { graceMs, minGainMs } = this.#pass.policy;
    let soon = 0;
    for (const { user, stopping, remaining, units } of this.#pass.pool.holders)
      if (user.team === team && !stopping && remaining.likely <= graceMs + minGainMs) soon += units;
    return soon;
  }

  /** Whether one like it, of no higher needs, has found nobody in this pass. */
  #hasFailedForLess({ group, run, team, devices, bytes, whole }: Candidate): boolean {
    return this.#unserved.some(
      (other) =>
        other.group === group &&
        other.run.class === run.class &&
        (other.team === team || (other.team.devices === null && team.devices === null)) &&
        other.devices <= devices &&
        other.bytes <= bytes &&
        (whole || !other.whole),
    );
  }

  /** Whether anyone could have to leave for runs of a class, of a team that has a quota or of one that has none. */
  #mayHaveVictims(name: PriorityClass, reclaims: boolean): boolean {
    if (this.#victimSummary?.served !== this.#served) {
      const left = this.#preemptible.filter(({ stopping }) => !stopping);
      const lowest = left.reduce((least, { run }) => Math.min(least, rankOf(run)), Infinity);
      const lent = left.some(({ user }) => isBeyond(user.team!, -user.team!.leaving));
      this.#victimSummary = { served: this.#served, lowest, lent };
    }
    const { lowest, lent } = this.#victimSummary;
    return lowest < rankOf({ class: name, borrowing: false }) || (reclaims && lent);
  }

  /** A team gives back no more runs than bring it to its own quota. */
  #mayReclaim(candidate: Candidate, holders: readonly Holder[]): boolean {
    const counted: Holder[] = [];
    const all = holders.every((holder) => {
      if (preemptionReason(candidate, holder) === undefined) return false;
      leave(holder.user, holder.units);
      return counted.push(holder);
    });
    for (const { user, units } of counted) leave(user, -units);
    return all;
  }

  /** What is cleared is promised to the candidate. */
  #preemptAll(candidate: Candidate, { devices, holders }: VictimSet): Reservation | undefined {
    const { policy } = this.#pass;
    this.#served++;
    for (const holder of holders) this.#stop(holder, candidate);
    const option = soonest(devices, candidate, policy.sharers);
    return option && this.#pass.keep(candidate, option, { strict: true, promised: true });
  }

  #stop(holder: Holder, candidate: Candidate): void {
    const { held, pool, policy } = this.#pass;
    const { run, user, seats, units, remaining } = holder;
    const { graceMs } = policy;
    this.preemptions.push({
      runId: run.id,
      reason: preemptionReason(candidate, holder) ?? "higher-class",
      forRunId: candidate.run.id,
      graceMs,
      atRisk: atRisk(holder),
    });
    holder.stopping = true;
    leave(user, units);
    holder.remaining = {
      earliest: Math.min(remaining.earliest, graceMs),
      likely: Math.min(remaining.likely, graceMs),
      latest: Math.min(remaining.latest, graceMs),
    };
    for (const { tenant } of seats) tenant.remaining = holder.remaining;
    held.set(run.id, { user, units, remaining: holder.remaining });
    pool.version++;
  }

  /** Whether nobody can be asked to leave for runs of this class. */
  cannotPreempt(name: PriorityClass): boolean {
    return this.#isOutOfBudget || !this.#mayHaveVictims(name, true);
  }
}

/** The cheapest runs that hold `units` together with those that leave anyway; no one of them could be spared. */
function addForQuota(
  leaving: readonly Holder[],
  own: readonly Holder[],
  units: number,
): Holder[] | undefined {
  let missing = leaving.reduce((left, holder) => left - holder.units, units);
  const more: Holder[] = [];
  for (const holder of own.filter((each) => !leaving.includes(each)).sort((a, b) => atRisk(a) - atRisk(b))) {
    if (missing <= 0) break;
    more.push(holder);
    missing -= holder.units;
  }
  if (missing > 0) return undefined;
  const needed = more.reverse().filter((holder) => {
    if (missing + holder.units > 0) return true;
    missing += holder.units;
    return false;
  });
  return [...leaving, ...needed.reverse()];
}
