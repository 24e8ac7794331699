import type { PriorityClass } from "@espalier/contract";
import { isBeyond, quotaRefusal, type QuotaRefusal } from "./consumers.ts";
import type { Blocked, Obstacle } from "./blocked.ts";
import { hoursOf, type Candidate } from "./candidate.ts";
import type { Decisions } from "./decisions.ts";
import { longestOverdue } from "./aging.ts";
import { clears } from "./victims.ts";
import { explain } from "./explain.ts";
import { fits } from "./groups.ts";
import { Lane } from "./order.ts";
import { Pass } from "./pass.ts";
import { place } from "./placement.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { Preemptor } from "./preemptor.ts";
import { fairSharesOf, type Share } from "./fair-share.ts";
import type { QueuedRun, Snapshot } from "./snapshot.ts";
import { sortByEligibility } from "./eligibility.ts";

/**
 * Decides which runs start, which are preempted, which devices are reserved for whom, and says why every other run waits.
 * It is pure: the same snapshot gives the same decisions, whatever the order of its lists. `docs/scheduling.md` explains
 * the policy.
 *
 * Runs have their turns in this order: those for which others were asked to leave; the one that has waited too long for
 * its class, if there is one; urgent and normal runs within their team's quota; urgent and normal runs beyond it, which
 * borrow; idle runs, within their quota and then beyond. Inside each of these lanes, teams share by weight, then users of
 * a team. Every run has a turn, and one that cannot start may reserve devices, which later runs may not take.
 */
export function plan(snapshot: Snapshot, policy: Policy = defaultPolicy): Decisions {
  const pass = new Pass(snapshot, policy);
  const preemptor = new Preemptor(pass);
  const eligibility = sortByEligibility(snapshot.queued, pass.consumers, snapshot.now, policy);
  const shares = policy.explain ? fairSharesOf(pass, eligibility.eligible) : new Map<string, Share>();
  const blocks: Blocked[] = [];

  const served = new Set<QueuedRun>();
  for (const turn of pass.promisedOf(eligibility.eligible)) {
    const candidate = pass.candidate(turn);
    const why = servePromised(pass, candidate);
    if (why !== "later") served.add(turn.run);
    if (why && why !== "later") blocks.push({ candidate, why });
  }

  const aged = longestOverdue(eligibility.overdue, served, pass);
  if (aged) {
    const why = consider(pass, preemptor, { candidate: aged, borrows: true, aged: true });
    served.add(aged.run);
    if (why && why !== "later") blocks.push({ candidate: aged, why });
  }

  const own = { urgent: new Lane(), normal: new Lane(), idle: new Lane() };
  const beyond = { urgent: new Lane(), normal: new Lane(), idle: new Lane() };
  for (const turn of eligibility.eligible) if (!served.has(turn.run)) own[turn.run.class].add(turn);

  /** Gives every run of a lane its turn; one that would borrow has it in the lane of those that borrow. */
  const serve = (name: PriorityClass, borrows: boolean): void => {
    const lane = borrows ? beyond[name] : own[name];
    for (let turn = lane.next(); turn; turn = lane.next()) {
      if (!policy.explain && !pass.isOpen && preemptor.cannotPreempt(name)) return;
      const candidate = pass.candidate(turn);
      const why = consider(pass, preemptor, { candidate, borrows, aged: false });
      // What a pass knows of a candidate does not change, so that it is the turn of the other lane, too.
      if (why === "later") beyond[name].add(candidate);
      else if (why) blocks.push({ candidate, why });
    }
  };
  for (const borrows of [false, true]) {
    serve("urgent", borrows);
    serve("normal", borrows);
  }
  for (const borrows of [false, true]) serve("idle", borrows);

  return {
    starts: pass.starts,
    preemptions: preemptor.preemptions,
    reservations: pass.reservations,
    waiting: policy.explain ? explain(pass, blocks, eligibility.ineligible, shares) : [],
  };
}

/**
 * The turn of a candidate for which others were asked to leave. It starts on their devices as soon as all of them have
 * left. Nobody else gets these devices before it, or the runs that left could come straight back. When it can no longer
 * use them, the promise lapses, and the candidate has its turn in the usual order ("later").
 */
function servePromised(pass: Pass, candidate: Candidate): Obstacle | "later" | undefined {
  const { user, team } = candidate;
  const { sharers } = pass.policy;
  const option = pass.reservedBefore(candidate);
  if (!option?.devices.every((device) => clears(device, candidate, sharers))) return "later";
  const units = pass.unitsOn(option.devices, candidate);
  const hours = hoursOf(candidate, units);
  if (quotaRefusal(user, units, hours, true) || isBeyond(team, units - team.leaving)) return "later";
  const admitted = option.devices.every((device) => device.admits(candidate, sharers));
  if (admitted && !quotaRefusal(user, units, hours) && !isBeyond(team, units)) {
    pass.start(candidate, option.devices, { aged: false });
    return undefined;
  }
  pass.anyWaits = true;
  pass.charge(candidate, units);
  return {
    kind: "no-room",
    reservation: pass.reserveDevices(candidate, option, { strict: true, promised: true }),
  };
}

interface Stage {
  readonly candidate: Candidate;
  /** Whether it may start now if it is beyond its team's quota. */
  readonly borrows: boolean;
  readonly aged: boolean;
}

/**
 * The turn of a candidate.
 * @returns undefined: it starts; "later": it would borrow, and has its turn with the others that would; else why it waits
 */
function consider(pass: Pass, preemptor: Preemptor, stage: Stage): Obstacle | "later" | undefined {
  const { candidate, borrows, aged } = stage;
  const { run, user, team, group, units, duration } = candidate;
  const { now } = pass;
  if (!fits(group.schedulable, candidate)) return { kind: "no-fit" };
  const closed = team.heldForAged ?? user.heldForAged;
  if (closed !== null && closed !== run.id) return { kind: "held-for-aged", forRunId: closed };
  const refused = quotaRefusal(user, units, hoursOf(candidate, units));
  if (refused) return waitForQuota(preemptor, stage, refused);
  if (!borrows && isBeyond(team, units)) return "later";

  const devices = place(pass, group, candidate, now + duration.latest);
  if (devices) {
    // A run takes a larger part of a smaller card, and more of its quota with it, than `units` says.
    const taken = pass.unitsOn(devices, candidate);
    const refusedThere = quotaRefusal(user, taken, hoursOf(candidate, taken));
    if (refusedThere) return waitForQuota(preemptor, stage, refusedThere);
    if (!borrows && isBeyond(team, taken)) return "later";
    pass.start(candidate, devices, stage);
    return undefined;
  }

  pass.anyWaits = true;
  pass.charge(candidate, units);
  const promised = aged
    ? undefined
    : isBeyond(team, units)
      ? preemptor.preemptWithinTeam(candidate)
      : preemptor.preempt(candidate);
  const reservation = promised ?? pass.reserve(candidate, { strict: aged });
  return reservation ? { kind: "no-room", reservation } : unreserved;
}

const unreserved: Obstacle = { kind: "no-room", reservation: null };

function waitForQuota(preemptor: Preemptor, { candidate, aged }: Stage, refusal: QuotaRefusal): Obstacle {
  if (refusal.quota === "devices") {
    // No run of the same quota overtakes an aged one, or small runs could use the quota up for ever.
    if (aged) refusal.consumer.heldForAged = candidate.run.id;
    else if (refusal.consumer === candidate.team) {
      const reservation = preemptor.preemptWithinTeam(candidate);
      if (reservation) return { kind: "no-room", reservation };
    }
  }
  return { kind: "quota", refusal };
}
