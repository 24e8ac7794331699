import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { countOomKills } from "./oom-kills.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "espalier-oom-"));
});
afterEach(() => rm(root, { recursive: true }));

async function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), `${text}\n`);
  }
}

it("counts the kills of its own control group, not those of the rest of the host", async () => {
  await write({
    "proc/vmstat": "nr_free_pages 7\noom_kill 40",
    "proc/self/cgroup": "0::/pod/worker",
    "sys/fs/cgroup/pod/worker/memory.events": "low 0\nhigh 0\nmax 9\noom 2\noom_kill 2\noom_group_kill 0",
  });
  expect(countOomKills(root)).toBe(2);
});

it("finds the group of a container at the mount", async () => {
  await write({
    "proc/self/cgroup": "0::/somewhere/on/the/host",
    "sys/fs/cgroup/memory.events": "oom 1\noom_kill 1",
  });
  expect(countOomKills(root)).toBe(1);
});

it("reads version 1 beside an empty version 2", async () => {
  await write({
    "proc/self/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n0::/",
    "sys/fs/cgroup/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3",
  });
  expect(countOomKills(root)).toBe(3);
});

it("counts those of the host where there are no control groups, and none where the system does not say", async () => {
  expect(countOomKills(root)).toBe(0);
  await write({ "proc/vmstat": "oom_kill 5" });
  expect(countOomKills(root)).toBe(5);
});
