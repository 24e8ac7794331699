import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../patience.ts";
import { both, type Scenario } from "./scenario.ts";

const mounted = (folder: string) =>
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]).status === 0;
const unmount = (folder: string) => spawnSync("umount", ["-l", folder]);

/** Tried once: a container may be root and yet not mount. */
const cannotMount = ((): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-mount-"));
  const can = mounted(folder);
  if (can) unmount(folder);
  rmSync(folder, { recursive: true });
  return can ? undefined : "a small file system cannot be mounted here";
})();

export const diskScenarios: readonly Scenario[] = [
  {
    number: 16,
    title: "A worker's disk fills while a checkpoint is written: the run goes on from the one before.",
    queues: both,
    quick: ["postgres"],
    skip: cannotMount,
    async run(d) {
      const folder = join(d.folder, "tiny");
      await mkdir(folder);
      assert.ok(mounted(folder));
      try {
        const [worker, ...rest] = d.workers;
        for (const each of d.workers) await each.kill();
        worker.start({ ESPALIER_SCRATCH: folder, ESPALIER_MIN_FREE_SCRATCH: "0" });
        const runId = await d.client.submit({ steps: 100, every: 5, script: { pace: 40, weight: 4096 } });
        await d.client.saves(runId);
        d.note("fill", `disk of ${worker.name}`);
        const filler = join(folder, "filler");
        await writeFile(filler, Buffer.alloc(16 * 2 ** 20)).catch(() => undefined);
        await until(
          "the attempt has failed",
          async () => (await d.client.attempts(runId))[0].state === "FAILED",
        );
        await rm(filler);
        for (const each of rest) each.start();
        const run = await d.client.reaches(runId, "SUCCEEDED");
        assert.ok((run.result as { resumedFromStep?: number }).resumedFromStep);
        const [full] = await d.client.attempts(runId);
        assert.equal(full.problem?.code, "worker/disk-full");
        await worker.kill();
      } finally {
        unmount(folder);
      }
    },
  },
];
