import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCgroupLimits } from "./cgroup.ts";
import { ProcessorMeter, readProcessor } from "./processor.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "espalier-cgroup-"));
});
afterEach(() => rm(root, { recursive: true }));

async function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), `${text}\n`);
  }
}
const gibibyte = 2 ** 30;

describe("limits of control groups", () => {
  it("of version 2 are the tightest on the way up, and droppable memory counts as free", async () => {
    await write({
      "proc/self/cgroup": "0::/pod/worker",
      "sys/fs/cgroup/pod/worker/memory.max": String(8 * gibibyte),
      "sys/fs/cgroup/pod/worker/memory.current": String(3 * gibibyte),
      "sys/fs/cgroup/pod/worker/memory.stat": `anon 5\ninactive_file ${gibibyte}`,
      "sys/fs/cgroup/pod/worker/cpu.max": "max 100000",
      "sys/fs/cgroup/pod/memory.max": String(16 * gibibyte),
      "sys/fs/cgroup/pod/memory.current": String(12 * gibibyte),
      "sys/fs/cgroup/pod/cpu.max": "250000 100000",
    });
    expect(await readCgroupLimits(root)).toEqual({
      memoryBytes: 8 * gibibyte,
      freeBytes: 4 * gibibyte,
      processors: 2.5,
    });
  });

  it("of version 2 in a container are those of the mount", async () => {
    await write({
      "proc/self/cgroup": "0::/",
      "sys/fs/cgroup/memory.max": String(gibibyte),
      "sys/fs/cgroup/memory.current": "0",
      "sys/fs/cgroup/cpu.max": "50000 100000",
    });
    expect(await readCgroupLimits(root)).toEqual({
      memoryBytes: gibibyte,
      freeBytes: gibibyte,
      processors: 0.5,
    });
    expect((await readProcessor(root)).cores).toBe(1);
    expect((await readProcessor(root)).memoryBytes).toBe(Math.min(gibibyte, totalmem()));
    expect((await new ProcessorMeter().measure(root)).freeBytes).toBeLessThanOrEqual(gibibyte);
  });

  it("of version 1 are read from each controller's mount, where a container's path does not exist", async () => {
    await write({
      "proc/self/cgroup": "12:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/abc",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": String(2 * gibibyte),
      "sys/fs/cgroup/memory/memory.usage_in_bytes": String(gibibyte),
      "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 0",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
    });
    expect(await readCgroupLimits(root)).toEqual({
      memoryBytes: 2 * gibibyte,
      freeBytes: gibibyte,
      processors: 1.5,
    });
  });

  it("that stand for no limit are no limits", async () => {
    await write({
      "proc/self/cgroup": "0::/\n4:memory:/\n5:cpu:/",
      "sys/fs/cgroup/memory.max": "max",
      "sys/fs/cgroup/cpu.max": "max 100000",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    });
    expect(await readCgroupLimits(root)).toEqual({});
    expect(await readCgroupLimits(join(root, "nowhere"))).toEqual({});
    expect((await readProcessor(root)).cores).toBe(availableParallelism());
  });

  it("that are used up leave nothing free, never less", async () => {
    await write({
      "proc/self/cgroup": "0::/",
      "sys/fs/cgroup/memory.max": "1000",
      "sys/fs/cgroup/memory.current": "5000",
    });
    expect(await readCgroupLimits(root)).toEqual({ memoryBytes: 1000, freeBytes: 0 });
  });
});

it("this host's processor gives plausible measurements", async () => {
  const meter = new ProcessorMeter();
  const busyUntil = performance.now() + 60;
  while (performance.now() < busyUntil);
  const { freeBytes, utilization } = await meter.measure();
  expect(freeBytes).toBeGreaterThan(0);
  expect(utilization).toBeGreaterThan(0);
  expect(utilization).toBeLessThanOrEqual(100);
});
