import { defaultPolicy, type Policy } from "@espalier/scheduler";
import type { Job } from "./job.ts";

/** How a policy sees a job. All of them go through the one plan, with its placement, gangs and backfill. */
export interface View {
  readonly name: PolicyName;
  readonly policy: Policy;
  /** Whether teams keep their weights and quotas. */
  readonly heedsTeams: boolean;
  readonly team: (job: Job) => string;
  readonly user: (job: Job) => string;
  readonly class: (job: Job) => Job["class"];
  readonly priority: (job: Job) => number;
  /** Whether it knows how long each job takes; otherwise that is expected from what others took. */
  readonly isOracle: boolean;
}

export const policyNames = ["fair", "fifo", "sjf-oracle"] as const;
export type PolicyName = (typeof policyNames)[number];

const quiet: Policy = { ...defaultPolicy, explain: false };
/** Nobody is ever overdue: the order is the order. */
const unaged: Policy = { ...quiet, patienceMs: { urgent: Infinity, normal: Infinity, idle: Infinity } };
/** One team, one user, one class: what is left of the fair order is priority, then age. */
const alike: Pick<View, "heedsTeams" | "team" | "user" | "class"> = {
  heedsTeams: false,
  team: () => "all",
  user: () => "all",
  class: () => "normal",
};

export const views: Readonly<Record<PolicyName, View>> = {
  fair: {
    name: "fair",
    policy: quiet,
    heedsTeams: true,
    team: ({ team }) => team,
    user: ({ user }) => user,
    class: (job) => job.class,
    priority: () => 0,
    isOracle: false,
  },
  fifo: { name: "fifo", policy: unaged, ...alike, priority: () => 0, isOracle: false },
  "sjf-oracle": {
    name: "sjf-oracle",
    policy: unaged,
    ...alike,
    priority: ({ durationMs }) => -durationMs,
    isOracle: true,
  },
};
