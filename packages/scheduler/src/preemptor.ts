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

/** Asks running runs to leave for waiting ones, as often as the policy allows in one pass. */
export class Preemptor {
  readonly preemptions: Preemption[] = [];
  readonly #pass: Pass;
  /** Running runs that may be asked to leave. */
  readonly #preemptible: readonly Holder[];
  /** Candidates for which no victims were found in this pass. */
  readonly #unserved: Candidate[] = [];
  #served = 0;
  /** The lowest rank of the runs that may be asked, and whether any team borrows; valid while `served` is `#served`. */
  #victimSummary: { served: number; lowest: number; borrows: boolean } | null = null;
  #searches = 0;

  constructor(pass: Pass) {
    this.#pass = pass;
    this.#preemptible = pass.pool.holders.filter((holder) => isPreemptible(holder, pass.now, pass.policy));
  }

  /** Searches are limited too, because a search takes time whether it finds victims or not. */
  get #isOutOfBudget(): boolean {
    const { preemptors } = this.#pass.policy;
    return this.#served >= preemptors || this.#searches >= 4 * preemptors;
  }

  /** For a candidate within its quota: asks the cheapest runs of lower classes, or of teams beyond their quota, to leave. */
  preempt(candidate: Candidate): Reservation | undefined {
    const { run, team } = candidate;
    if (this.#isOutOfBudget || !this.#mayHaveVictims(run.class, team.devices !== null)) return undefined;
    if (this.#hasFailedForLess(candidate)) return undefined;
    this.#searches++;
    if (this.#startsSoonAnyway(candidate)) return undefined;
    const allowed = this.#preemptible.filter(
      (holder) => !holder.stopping && preemptionReason(candidate, holder),
    );
    const victims = findVictims(candidate, this.#pass.policy.sharers, new Set(allowed));
    if (!victims || !this.#mayReclaim(candidate, victims.holders)) {
      this.#unserved.push(candidate);
      return undefined;
    }
    return this.#preemptAll(candidate, victims);
  }

  /** For a candidate that lacks quota, and perhaps devices too: asks its own team's runs of lower classes to leave. */
  preemptWithinTeam(candidate: Candidate): Reservation | undefined {
    const { team, units, group } = candidate;
    if (team.devices === null || units > team.devices || this.#isOutOfBudget) return undefined;
    this.#searches++;
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
    const victims =
      free?.afterMs === 0
        ? { devices: free.devices, holders: [] }
        : findVictims(candidate, sharers, new Set(own));
    if (!victims) return undefined;
    const holders = addForQuota(victims.holders, own, over);
    return holders && this.#preemptAll(candidate, { devices: victims.devices, holders });
  }

  /** Whether the candidate's devices are expected to be free so soon that nobody needs to leave. */
  #startsSoonAnyway(candidate: Candidate): boolean {
    const { sharers, graceMs, minGainMs } = this.#pass.policy;
    const wait = earliest(candidate.group, candidate, sharers)?.afterMs ?? Infinity;
    return wait <= graceMs + minGainMs;
  }

  /** Device units of runs of the candidate's team that are expected to end soon by themselves. */
  #endsSoon({ team }: Candidate): number {
    const { graceMs, minGainMs } = this.#pass.policy;
    let soon = 0;
    for (const { user, stopping, remaining, units } of this.#pass.pool.holders)
      if (user.team === team && !stopping && remaining.likely <= graceMs + minGainMs) soon += units;
    return soon;
  }

  /** Whether a candidate like this one, which needs no more, has found no victims in this pass. */
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

  /** Whether any run could be asked to leave for runs of a class. `reclaims`: their team has a quota. */
  #mayHaveVictims(name: PriorityClass, reclaims: boolean): boolean {
    if (this.#victimSummary?.served !== this.#served) {
      const left = this.#preemptible.filter(({ stopping }) => !stopping);
      const lowest = left.reduce((least, { run }) => Math.min(least, rankOf(run)), Infinity);
      const borrows = left.some(({ user }) => isBeyond(user.team!, -user.team!.leaving));
      this.#victimSummary = { served: this.#served, lowest, borrows };
    }
    const { lowest, borrows } = this.#victimSummary;
    return lowest < rankOf({ class: name, borrowing: false }) || (reclaims && borrows);
  }

  /** Whether each victim may still be asked after the ones before it: a team gives back only what is beyond its quota. */
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

  /** Asks the victims to leave, and promises their devices to the candidate. */
  #preemptAll(candidate: Candidate, { devices, holders }: VictimSet): Reservation | undefined {
    const { policy } = this.#pass;
    this.#served++;
    for (const holder of holders) this.#stop(holder, candidate);
    const option = soonest(devices, candidate, policy.sharers);
    return option && this.#pass.reserveDevices(candidate, option, { strict: true, promised: true });
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

/** The victims, and the cheapest of `own` that must leave too so that `units` are given back; none of them can be spared. */
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
