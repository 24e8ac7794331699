import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * How many processes the kernel has killed for memory so far, in this process's control group and those below it: version
 * 2 counts them in `memory.events`, version 1 in `memory.oom_control` (Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst of Linux). Without control groups it counts those of the host, from /proc/vmstat; 0 where the system does not say.
 * @param root file system root, for tests
 */
export function countOomKills(root = "/"): number {
  for (const line of (read(join(root, "proc/self/cgroup")) ?? "").split("\n")) {
    // hierarchy:controllers:path
    const [, controllers, ...rest] = line.split(":");
    const path = rest.join(":");
    const count =
      controllers === ""
        ? inGroup(join(root, "sys/fs/cgroup"), path, "memory.events")
        : controllers?.split(",").includes("memory")
          ? inGroup(join(root, "sys/fs/cgroup/memory"), path, "memory.oom_control")
          : undefined;
    if (count !== undefined) return count;
  }
  return countIn(join(root, "proc/vmstat")) ?? 0;
}

/** The group itself, or the nearest above it that is there: a container may see its own group as the mount. */
function inGroup(mount: string, path: string, file: string): number | undefined {
  for (let group = join("/", path); ; group = dirname(group)) {
    const count = countIn(join(mount, group, file));
    if (count !== undefined || group === "/") return count;
  }
}

function countIn(file: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(read(file) ?? "")?.[1];
  return count === undefined ? undefined : Number(count);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
