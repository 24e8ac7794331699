import { isBeyond, quotaBlock, type QuotaBlock } from "./accounts.ts";
import type { Block, Why } from "./block.ts";
import { hoursOf, type Candidate } from "./candidate.ts";
import type { Decisions } from "./decisions.ts";
import { elderOf } from "./elder.ts";
import { explain } from "./explain.ts";
import { fits } from "./groups.ts";
import { Lane } from "./order.ts";
import { Pass } from "./pass.ts";
import { place } from "./placement.ts";
import { defaultPolicy, type Policy, type PriorityClass } from "./policy.ts";
import { sharesOf, type Share } from "./shares.ts";
import type { Instant, Snapshot } from "./snapshot.ts";
import { sortOut } from "./sort-out.ts";

/**
 * What to start, whom to ask to leave, what to keep for whom, and why everybody else waits. Pure: the same snapshot at
 * the same instant gives the same decisions, whatever the order of its lists. `docs/scheduling.md` explains the policy.
 *
 * The order: the run that has waited too long for its class, if there is one; then urgent and normal runs within their
 * team's quota; then urgent and normal runs beyond it, which borrow; then idle runs, within and beyond. Inside each,
 * weighted fair share between teams, then users. Everyone gets a turn; who cannot start keeps what the next may not take.
 */
export function plan(snapshot: Snapshot, now: Instant, policy: Policy = defaultPolicy): Decisions {
  const pass = new Pass(snapshot, now, policy);
  const sorted = sortOut(snapshot.queued, pass.accounts, now, policy);
  const shares = policy.explain ? sharesOf(pass, sorted.turns) : new Map<string, Share>();
  const blocks: Block[] = [];

  const elder = elderOf(sorted.overdue, pass);
  if (elder) {
    const why = consider(pass, elder, { borrows: true, aged: true });
    if (why && why !== "later") blocks.push({ candidate: elder, why });
  }

  const own = { urgent: new Lane(), normal: new Lane(), idle: new Lane() };
  const beyond = { urgent: new Lane(), normal: new Lane(), idle: new Lane() };
  for (const turn of sorted.turns) if (turn.run !== elder?.run) own[turn.run.class].add(turn);

  /** Gives everyone of a lane a turn; whoever would borrow gets it in the lane of those. */
  const serve = (name: PriorityClass, borrows: boolean): void => {
    const lane = borrows ? beyond[name] : own[name];
    for (let turn = lane.next(); turn; turn = lane.next()) {
      if (!policy.explain && pass.isSpent(name)) return;
      const candidate = pass.candidate(turn);
      const why = consider(pass, candidate, { borrows, aged: false });
      if (why === "later") beyond[name].add(turn);
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
    preemptions: pass.preemptions,
    reservations: pass.reservations,
    waiting: policy.explain ? explain(pass, blocks, sorted.outside, shares) : [],
  };
}

interface Stage {
  /** Whether a run beyond its team's quota may start now. */
  readonly borrows: boolean;
  readonly aged: boolean;
}

/** A candidate's turn: it starts (undefined), it comes again with those who borrow ("later"), or it waits, and why. */
function consider(pass: Pass, candidate: Candidate, stage: Stage): Why | "later" | undefined {
  const { run, user, team, group, units, duration } = candidate;
  const { now, policy } = pass;
  if (!fits(group.schedulable, candidate)) return { kind: "never" };
  const closed = team.closedFor ?? user.closedFor;
  if (closed !== null && closed !== run.id) return { kind: "closed", forRunId: closed };
  const refused = quotaBlock(user, units, hoursOf(candidate, units));
  if (refused) return waitForQuota(pass, candidate, refused, stage);
  if (!stage.borrows && isBeyond(team, units)) return "later";

  const endsBy = now + duration.latest;
  const devices = place(pass.groups, group, candidate, { now, endsBy, sharers: policy.sharers });
  if (devices) {
    // Devices of different weight take more of a quota than the lightest would.
    const taken = pass.unitsOn(devices, candidate);
    const refusedThere = quotaBlock(user, taken, hoursOf(candidate, taken));
    if (refusedThere) return waitForQuota(pass, candidate, refusedThere, stage);
    if (!stage.borrows && isBeyond(team, taken)) return "later";
    pass.start(candidate, devices, stage);
    return undefined;
  }

  pass.anyWaits = true;
  pass.charge(candidate, units);
  if (isBeyond(team, units)) {
    const runIds = stage.aged ? [] : pass.makeWay(candidate);
    if (runIds.length > 0) return { kind: "way", runIds };
  } else if (!stage.aged) {
    const reservation = pass.preempt(candidate);
    if (reservation) return { kind: "room", reservation };
  }
  const reservation = pass.reserve(candidate, { strict: stage.aged });
  return reservation ? { kind: "room", reservation } : room;
}

const room: Why = { kind: "room", reservation: null };

function waitForQuota(pass: Pass, candidate: Candidate, block: QuotaBlock, stage: Stage): Why {
  if (block.quota === "devices") {
    // Nobody of the same quota overtakes an aged run, or small runs could use it up for ever.
    if (stage.aged) block.account.closedFor = candidate.run.id;
    else if (block.account === candidate.team) {
      const runIds = pass.makeWay(candidate);
      if (runIds.length > 0) return { kind: "way", runIds };
    }
  }
  return { kind: "quota", block };
}
