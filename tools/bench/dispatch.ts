/**
 * One pass of the scheduler's plan, without the database: 10,000 runs queued by 20 teams of 5 users, 200 devices of
 * 25 workers, every waiting run explained. Three pools: one that is full, one where a tenth is free, and one that is
 * empty; and the full one without explanations, as the simulator asks. Then whole passes through PostgreSQL.
 */
import { Random } from "@espalier/encoder";
import { defaultPolicy, plan, type QueuedRun, type RunningRun, type Snapshot } from "@espalier/scheduler";
import { priorityClasses } from "../../packages/contract/src/index.ts";
import { dispatchStore } from "./dispatch-store.ts";

const GB = 1e9;
const now = Date.UTC(2026, 0, 1);
const minute = 60_000;
const kinds = ["import", "prune", "search", "train", "evaluate", "export"];

export function snapshotOf(busy: number, count = 10_000): Snapshot {
  const random = Random.seeded(1);
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)];
  const devices = Array.from({ length: 200 }, (_, i) => ({
    id: `dev_${String(i).padStart(4, "0")}`,
    workerId: `wrk_${String(i >> 3).padStart(3, "0")}`,
    kind: "cuda",
    labels: i < 40 ? ["nvlink"] : [],
    memoryBytes: (i % 32 < 8 ? 24 : 80) * GB,
    freeBytes: null,
    state: "schedulable" as const,
  }));
  const who = (): { teamId: string; userId: string } => {
    const team = random.below(20);
    return { teamId: `team_${team}`, userId: `usr_${team}_${random.below(5)}` };
  };
  const running = devices.slice(0, busy).map(({ id, memoryBytes }, i): RunningRun => ({
    id: `run_r${String(i).padStart(4, "0")}`,
    ...who(),
    class: pick(priorityClasses),
    state: "running",
    startedAt: now - random.below(300) * minute,
    stopsBy: null,
    allocations: [{ deviceId: id, reservedBytes: memoryBytes / 2, units: i % 3 === 0 ? 0.5 : 1 }],
    shares: i % 3 === 0,
    historyKeys: [pick(kinds)],
    secondsSinceCheckpoint: random.below(1800),
    borrowing: false,
    aged: false,
  }));
  // Runs of one kind and model have one list, as the store gives them.
  const lists = new Map<string, readonly string[]>();
  const keysOf = (keys: readonly string[]): readonly string[] => {
    const name = keys.join(" ");
    return lists.get(name) ?? (lists.set(name, keys), keys);
  };
  const queued = Array.from({ length: count }, (_, i): QueuedRun => {
    const shares = random.below(3) === 0;
    return {
      id: `run_q${String(i).padStart(5, "0")}`,
      ...who(),
      class: random.below(10) === 0 ? "urgent" : random.below(4) === 0 ? "idle" : "normal",
      priority: random.below(3),
      queuedAt: now - random.below(40 * 60) * minute,
      notBefore: null,
      needs: {
        devices: shares ? 1 : pick([1, 1, 1, 1, 2, 4, 8]),
        kinds: random.below(2) === 0 ? ["cuda"] : [],
        labels: random.below(20) === 0 ? ["nvlink"] : [],
        memoryBytes: (2 + random.below(shares ? 20 : 70)) * GB,
        shares,
      },
      historyKeys: keysOf([`${pick(kinds)}/mdl_${random.below(50)}`, pick(kinds)]),
    };
  });
  const usage = (): number => random.below(1e7);
  const teams = Array.from({ length: 20 }, (_, i) => ({
    id: `team_${i}`,
    weight: 1 + (i % 3),
    usage: usage(),
    quota:
      i % 2 ? { devices: 10, borrowing: i % 4 === 1 ? 0 : null, queuedRuns: null, deviceHours: null } : null,
  }));
  const users = teams.flatMap(({ id }, team) =>
    Array.from({ length: 5 }, (_, i) => ({
      id: `usr_${team}_${i}`,
      teamId: id,
      weight: 1,
      usage: usage(),
      quota: null,
    })),
  );
  const history = kinds.map((key, i) => ({
    key,
    samples: 100,
    duration: { earliest: 5 * minute, likely: (i + 1) * 30 * minute, latest: (i + 1) * 120 * minute },
    memoryRatio: 1,
  }));
  return { now, devices, queued, running, teams, users, history, reservations: [] };
}

/** Median and longest of 30 passes after 20 that do not count, and processor time, which others do not disturb. */
function measure(title: string, snapshot: Snapshot, explain: boolean): void {
  const policy = { ...defaultPolicy, explain };
  const times: number[] = [];
  let starts = 0;
  let used = process.cpuUsage();
  for (let i = 0; i < 50; i++) {
    if (i === 20) used = process.cpuUsage();
    const from = performance.now();
    starts = plan(snapshot, policy).starts.length;
    if (i >= 20) times.push(performance.now() - from);
  }
  const { user, system } = process.cpuUsage(used);
  times.sort((a, b) => a - b);
  console.log(
    `${title}: ${times[15].toFixed(1)} ms (longest ${times.at(-1)!.toFixed(1)} ms), ` +
      `${((user + system) / 30_000).toFixed(1)} ms of processor, ${starts} runs started`,
  );
}

export async function dispatch(): Promise<void> {
  console.log("a pass over 10,000 queued runs, 20 teams, 200 devices:");
  measure("  full pool", snapshotOf(200), true);
  measure("  a tenth free", snapshotOf(180), true);
  measure("  empty pool", snapshotOf(0), true);
  measure("  full pool, without explanations", snapshotOf(200), false);
  for (const queued of [10_000, 100_000]) await dispatchStore(queued);
}
