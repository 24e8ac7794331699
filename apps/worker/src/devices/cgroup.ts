import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { known } from "./known.ts";

/** What a control group allows this process, and what its members use. Absent: no limit, or no control groups. */
export interface CgroupLimits {
  memoryBytes?: number;
  /** Memory that could be had within the limit; what the kernel would drop for it counts as free. */
  freeBytes?: number;
  /** Processors, as time per time. */
  processors?: number;
}

/** Limits above this are the kernel's way to say none: version 1 writes the largest number of whole pages. */
const boundless = 2 ** 60;

/**
 * The tightest limits of this process's control group and those above it, of version 2, or of version 1 where that is
 * mounted (cgroups(7); Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of Linux).
 * @param root file system root, for tests
 */
export async function readCgroupLimits(root = "/"): Promise<CgroupLimits> {
  const membership = await read(join(root, "proc/self/cgroup"));
  if (membership === undefined) return {};
  let limits: CgroupLimits = {};
  for (const line of membership.trim().split("\n")) {
    // hierarchy:controllers:path
    const [, controllers = "", ...rest] = line.split(":");
    const path = rest.join(":");
    if (controllers === "") {
      limits = tighter(limits, await climb(join(root, "sys/fs/cgroup"), path, readVersion2));
      limits = tighter(limits, await climb(join(root, "sys/fs/cgroup/unified"), path, readVersion2));
    }
    const names = controllers.split(",");
    if (names.includes("memory"))
      limits = tighter(limits, await climb(join(root, "sys/fs/cgroup/memory"), path, readMemory1));
    if (names.includes("cpu"))
      for (const mount of ["cpu", "cpu,cpuacct"])
        limits = tighter(limits, await climb(join(root, "sys/fs/cgroup", mount), path, readProcessors1));
  }
  return limits;
}

type Reader = (folder: string) => Promise<CgroupLimits>;

/** From the group up to the mount: a container may see its own group as the mount, whatever path the kernel gives. */
async function climb(mount: string, path: string, readGroup: Reader): Promise<CgroupLimits> {
  let limits: CgroupLimits = {};
  for (let group = join("/", path); ; group = dirname(group)) {
    limits = tighter(limits, await readGroup(join(mount, group)));
    if (group === "/") return limits;
  }
}

const readVersion2: Reader = async (folder) => {
  const [max, current, stat, cpu] = await Promise.all(
    ["memory.max", "memory.current", "memory.stat", "cpu.max"].map((name) => read(join(folder, name))),
  );
  const [quota, period] = (cpu ?? "").trim().split(" ").map(Number);
  return {
    ...memoryLimits(number(max), number(current), entry(stat, "inactive_file")),
    ...(quota && period ? { processors: quota / period } : {}),
  };
};

const readMemory1: Reader = async (folder) => {
  const [limit, usage, stat] = await Promise.all(
    ["memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat"].map((name) => read(join(folder, name))),
  );
  return memoryLimits(number(limit), number(usage), entry(stat, "total_inactive_file"));
};

const readProcessors1: Reader = async (folder) => {
  const quota = number(await read(join(folder, "cpu.cfs_quota_us")));
  const period = number(await read(join(folder, "cpu.cfs_period_us")));
  return quota && period && quota > 0 ? { processors: quota / period } : {};
};

function memoryLimits(limit: number | undefined, used = 0, droppable = 0): CgroupLimits {
  if (limit === undefined || limit >= boundless) return {};
  return {
    memoryBytes: limit,
    freeBytes: Math.min(limit, Math.max(0, limit - Math.max(0, used - droppable))),
  };
}

const tighter = (a: CgroupLimits, b: CgroupLimits): CgroupLimits =>
  known({
    memoryBytes: least(a.memoryBytes, b.memoryBytes),
    freeBytes: least(a.freeBytes, b.freeBytes),
    processors: least(a.processors, b.processors),
  });

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

const read = (file: string): Promise<string | undefined> => readFile(file, "utf8").catch(() => undefined);

/** Undefined for `max` and for what is missing. */
function number(text: string | undefined): number | undefined {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

const entry = (stat: string | undefined, name: string): number | undefined =>
  number(new RegExp(`^${name} (\\d+)$`, "m").exec(stat ?? "")?.[1]);
