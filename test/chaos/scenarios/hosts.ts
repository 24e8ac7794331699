import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "../deployment.ts";
import type { Member } from "../member.ts";
import { until } from "../patience.ts";
import {
  attemptsOn,
  both,
  databaseTime,
  endsOf,
  isHeld,
  several,
  succeed,
  succeedAtOnce,
  type Scenario,
} from "./scenario.ts";

/** Starts a process in a process namespace of its own, in which it is the first; it ends when the command is killed. */
const apart = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
const noNamespace =
  spawnSync(apart[0], [...apart.slice(1), "true"]).status === 0
    ? undefined
    : "a process namespace cannot be made here";

/** Names of the workers with a device that is held because runs failed on it. */
const heldForFailures = async (d: Deployment): Promise<string[]> => {
  const rows = await d.look<{ name: string }>(
    "select worker_name as name from device_hold where cause = 'failures' and cleared_at is null order by 1",
  );
  return rows.map(({ name }) => name);
};
/** Attempts that began on a worker, and failed. */
const failuresOn = async (d: Deployment, name: string): Promise<number> => {
  const [row] = await d.look<{ count: number }>(
    `select count(*)::int as count from attempt a join worker w on w.id = a.worker_id
     where w.name = $1 and a.state in ('FAILED', 'LOST') and a.problem ->> 'code' = 'worker/child-crashed'`,
    [name],
  );
  return row.count;
};

/** What can happen to one host beside good ones. */
export const hostScenarios: readonly Scenario[] = [
  {
    number: 29,
    title:
      "Nothing can compute on one host: it is held after two runs, no run pays, and it is back once it is mended.",
    queues: both,
    quick: ["postgres"],
    async run(d) {
      const bad = d.workers[0];
      const broken = join(d.folder, `scratch-${bad.name}`, "broken");
      const before = await failuresOn(d, bad.name);
      await writeFile(broken, "");
      d.note("break the host", bad.name);
      const runIds = await several(d, 8, { steps: 10, script: { pace: 20 } });
      await until("the host is held", async () => (await heldForFailures(d)).includes(bad.name));
      await succeed(d, runIds);
      assert.deepEqual(await heldForFailures(d), [bad.name]);
      const wasted = (await failuresOn(d, bad.name)) - before;
      assert.ok(wasted <= 3, `${wasted} attempts were wasted on ${bad.name}`);
      for (const runId of runIds) assert.ok((await endsOf(d, runId)).length <= 2);
      await until("a self-test has failed", () => bad.log.includes('"self-test failed"'));
      d.note("mend the host", bad.name);
      await rm(broken);
      await until("the host is back", async () => (await heldForFailures(d)).length === 0);
      await succeed(d, await several(d, 3, { steps: 10, script: { pace: 20 } }));
    },
  },
  {
    number: 31,
    title:
      "The data folder of one worker is not mounted, another pool's, or vanishes under a run: it is held with the reason, no run pays, and it is back when the folder is.",
    queues: both,
    quick: ["redis"],
    async run(d) {
      const [bad, ...good] = d.workers;
      const [unmounted, foreign] = ["unmounted", "foreign"].map((name) => join(d.folder, name));
      for (const folder of [unmounted, foreign]) await mkdir(folder);
      await writeFile(join(foreign, ".espalier-pool"), "another-pool\n");
      await bad.kill();
      bad.mount.show(unmounted);
      d.note("unmount the data folder", bad.name);
      const since = await databaseTime(d);
      bad.start();
      await isHeld(d, bad, "data-folder");
      assert.match((await d.client.holds(bad.name))[0].reason, /not mounted/);
      await succeedAtOnce(d, await several(d, 6, { steps: 10, script: { pace: 20 } }));
      assert.equal(await attemptsOn(d, bad, since), 0);
      // Nothing was written to where the volume is missing.
      assert.deepEqual(await readdir(unmounted), []);
      bad.mount.heal();
      await isHeld(d, bad);
      for (const each of good) await each.kill();
      const runId = await d.client.submit({ steps: 60, script: { pace: 40 } });
      await d.client.saves(runId);
      bad.mount.show(foreign);
      d.note("mount another pool's data folder", bad.name);
      await isHeld(d, bad, "data-folder");
      assert.match((await d.client.holds(bad.name))[0].reason, /another pool/);
      await until("the run has computed all", async () => (await d.client.get(runId)).progress?.done === 60);
      assert.deepEqual(await readdir(foreign), [".espalier-pool"]);
      bad.mount.heal();
      await succeedAtOnce(d, [runId]);
    },
  },
  {
    number: 30,
    title:
      "Runs need more memory than there is, or crash everywhere: they end, and no host stays held for them.",
    queues: ["postgres"],
    async run(d) {
      const starved = await several(d, 4, { steps: 20, script: { starve: 2 } });
      for (const runId of starved) await d.client.reaches(runId, "FAILED");
      assert.deepEqual(await d.look("select from device_failure"), []);
      assert.deepEqual(await heldForFailures(d), []);
      const poison = await several(d, 4, { steps: 20, every: 1000, script: { crash: 2 } });
      const good = await several(d, 4, { steps: 10 });
      for (const runId of poison) await d.client.reaches(runId, "QUARANTINED");
      await succeed(d, good);
      await until("no host is held", async () => (await heldForFailures(d)).length === 0);
    },
  },
  {
    number: 36,
    title:
      "Two workers of one host name and one process number share a scratch folder, each in a process namespace of its own: neither removes what the other has, and what is left of one that was killed goes.",
    queues: both,
    skip: noNamespace,
    async run(d) {
      const scratch = join(d.folder, "shared-scratch");
      const [first, second, third] = d.workers;
      for (const each of d.workers) await each.kill();
      const start = (worker: Member) => worker.start({ ESPALIER_SCRATCH: scratch }, apart);
      start(first);
      const runId = await d.client.submit({ steps: 300, script: { pace: 40 } });
      await d.client.saves(runId);
      const [folder] = await readdir(scratch);
      d.note("start beside it", second.name);
      start(second);
      await until(`${second.name} has a folder`, async () => (await readdir(scratch)).length === 2);
      await until(`${second.name} is there`, () => d.client.isActive(second.name));
      assert.ok((await readdir(scratch)).includes(folder));
      await succeedAtOnce(d, [runId]);
      await first.kill();
      start(third);
      await until("what was left is gone", async () => !(await readdir(scratch)).includes(folder));
      await succeedAtOnce(d, await several(d, 2, { steps: 10 }));
      await Promise.all([second.kill(), third.kill()]);
    },
  },
];
