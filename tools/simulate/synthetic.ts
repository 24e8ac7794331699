import { Random } from "@espalier/encoder";
import { jobId, type Job, type Trace } from "./job.ts";

export interface SyntheticOptions {
  jobs: number;
  teams: number;
  seed: number;
  /** Devices of the cluster that it is for. */
  devices: number;
  /** Work submitted, as a share of what the cluster can do while jobs come in. */
  load: number;
  /** Whether a team's share of the devices is its quota, beyond which it borrows. */
  quotas: boolean;
}

const GB = 1e9;
const minute = 60_000;
const usersPerTeam = 5;
/** Devices asked for: most jobs take one, most of the work is in those that take several. */
const gangs = [1, 1, 1, 1, 1, 1, 1, 2, 2, 4, 8] as const;

/**
 * Jobs of teams that differ in weight and in appetite. Users come at random (Poisson) and submit one to eight jobs at
 * once, such as the variants of an experiment; durations are lognormal around 30 minutes with a long tail (σ = 1.5, at
 * most 3 days). Three tenths of the jobs with one device are small and share it. A tenth is urgent, a fifth idle.
 */
export function synthesize({ jobs, teams, seed, devices, load, quotas }: SyntheticOptions): Trace {
  const random = Random.seeded(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const weights = Array.from({ length: teams }, (_, i) => [1, 2, 4][i % 3]!);
  const allWeights = weights.reduce((sum, weight) => sum + weight, 0);
  // Appetite falls with rank, whatever the weight: some teams ask for more than their share, some for less.
  const appetite = Array.from({ length: teams }, (_, i) => 1 / (1 + ((i * 7) % teams)));
  const all = appetite.reduce((sum, each) => sum + each, 0);
  const pickTeam = (): number => {
    let left = random.uniform() * all;
    return Math.max(
      0,
      appetite.findIndex((each) => (left -= each) < 0),
    );
  };

  const drawn: Omit<Job, "id" | "submittedAt">[] = [];
  const batches: number[] = [];
  let work = 0;
  while (drawn.length < jobs) {
    const team = pickTeam();
    const user = `${teamName(team)}.u${random.below(usersPerTeam)}`;
    const rank = random.below(10);
    const size = Math.min(1 + random.below(8), jobs - drawn.length);
    const count = gangs[random.below(gangs.length)]!;
    const shares = count === 1 && random.below(10) < 3;
    const typical = 30 * minute * Math.exp(1.5 * normal());
    for (let i = 0; i < size; i++) {
      // Jobs of a batch are alike.
      const durationMs = Math.round(
        Math.min(72 * 60, Math.max(0.5, (typical / minute) * Math.exp(0.3 * normal()))) * minute,
      );
      const memoryBytes = (shares ? 4 + random.below(16) : 8 + random.below(60)) * GB;
      drawn.push({
        team: teamName(team),
        user,
        class: rank === 0 ? "urgent" : rank < 3 ? "idle" : "normal",
        durationMs,
        devices: count,
        memoryBytes,
        shares,
        checkpointMs: 30 * minute,
      });
      batches.push(i);
      // A sharing job takes a part of its card.
      work += durationMs * count * (shares ? memoryBytes / (80 * GB) : 1);
    }
  }
  const span = work / (devices * load);
  const arrivals = Array.from(
    { length: batches.filter((i) => i === 0).length },
    () => random.uniform() * span,
  );
  arrivals.sort((a, b) => a - b);
  let batch = -1;
  return {
    teams: new Map(
      weights.map((weight, i) => {
        const own = Math.floor((devices * weight) / allWeights);
        const quota = { devices: own, borrowing: null, queuedRuns: null, deviceHours: null };
        return [teamName(i), { weight, quota: quotas ? quota : null }];
      }),
    ),
    jobs: drawn.map((job, i) => {
      if (batches[i] === 0) batch++;
      return { ...job, id: jobId(i), submittedAt: Math.round(arrivals[batch]!) };
    }),
  };
}

const teamName = (i: number): string => `team-${String(i + 1).padStart(2, "0")}`;
