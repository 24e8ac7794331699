import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { noVolume, Volume } from "../mount.ts";
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

/** What can happen to the disks of scratch folders, and to the volume that all share. */
export const diskScenarios: readonly Scenario[] = [
  {
    number: 16,
    title: "A worker's disk fills while a checkpoint is written: the run goes on from the one before.",
    queues: both,
    quick: ["postgres"],
    skip: noVolume,
    async run(d) {
      using disk = new Volume(join(d.folder, "tiny"), 16);
      const [worker, ...rest] = d.workers;
      for (const each of d.workers) await each.kill();
      worker.start({ ESPALIER_SCRATCH: disk.folder, ESPALIER_MIN_FREE_SCRATCH: "0" });
      const runId = await d.client.submit({ steps: 100, every: 5, script: { pace: 40, weight: 4096 } });
      await d.client.saves(runId);
      d.note("fill", `disk of ${worker.name}`);
      await disk.fill();
      await until("the attempt has failed", async () => {
        // A checkpoint that has been stored is removed, which makes room for the next one.
        await disk.fill();
        return (await d.client.attempts(runId))[0].state === "FAILED";
      });
      disk.free();
      for (const each of rest) each.start();
      const run = await d.client.reaches(runId, "SUCCEEDED");
      assert.ok((run.result as { resumedFromStep?: number }).resumedFromStep);
      const [full] = await d.client.attempts(runId);
      assert.equal(full.problem?.code, "worker/disk-full");
      await worker.kill();
    },
  },
  {
    number: 32,
    title:
      "The scratch disk of one worker is full beside good ones: it is held with the reason, one attempt at most is wasted, and it is back when there is room.",
    queues: both,
    skip: noVolume,
    async run(d) {
      using disk = new Volume(join(d.folder, "small"), 40);
      const [bad, ...good] = d.workers;
      for (const each of d.workers) await each.kill();
      bad.start({ ESPALIER_SCRATCH: disk.folder });
      const running = await d.client.submit({ steps: 100, every: 5, script: { pace: 40, weight: 1024 } });
      await d.client.saves(running);
      const since = await databaseTime(d);
      d.note("fill", `disk of ${bad.name}`);
      await disk.fill();
      for (const each of good) each.start();
      const runIds = await several(d, 8, { steps: 10, script: { pace: 20 } });
      await isHeld(d, bad, "scratch-full");
      assert.match((await d.client.holds(bad.name))[0].reason, /are free for the scratch folder/);
      await succeedAtOnce(d, runIds);
      await succeed(d, [running]);
      assert.equal(await attemptsOn(d, bad, since), 0);
      assert.ok((await d.client.attempts(running)).length <= 2);
      disk.free();
      await isHeld(d, bad);
      for (const each of good) await each.kill();
      await succeedAtOnce(d, await several(d, 2, { steps: 10 }));
      await bad.kill();
    },
  },
  {
    number: 41,
    title:
      "The data folder of one worker stays away beside a good one: the result waits for its bound, and the run is given back, uncharged, and ends elsewhere.",
    queues: both,
    async run(d) {
      const [bad, good, ...rest] = d.workers;
      for (const each of d.workers) await each.kill();
      bad.start({ ESPALIER_STORAGE_SECONDS: "6" });
      const runId = await d.client.submit({ steps: 60, every: 5, script: { pace: 40 } });
      await d.client.saves(runId);
      const nowhere = join(d.folder, "nowhere");
      await mkdir(nowhere, { recursive: true });
      bad.mount.show(nowhere);
      d.note("unmount the data folder", bad.name);
      await isHeld(d, bad, "data-folder");
      const waits = async (): Promise<boolean> =>
        (await d.client.logs(runId)).some((line) =>
          line.startsWith("The result waits until it can be stored"),
        );
      await until("the result waits", waits);
      // Nobody could do better: it waits for longer than its bound.
      await sleep(10_000);
      assert.deepEqual(await endsOf(d, runId), ["RUNNING"]);
      good.start();
      await succeed(d, [runId]);
      assert.deepEqual(await endsOf(d, runId), ["RETURNED", "SUCCEEDED"]);
      assert.ok((await d.client.logs(runId)).some((line) => /given back for another worker/.test(line)));
      bad.mount.heal();
      await isHeld(d, bad);
      for (const each of rest) each.start();
    },
  },
  {
    number: 35,
    title:
      "The volume of the data folder is full for a time: running ones wait with what they have, nothing starts, and all succeed when there is room.",
    queues: both,
    quick: ["postgres"],
    skip: noVolume,
    async run(d) {
      const training = { steps: 200, every: 5, script: { pace: 40, weight: 1024 } };
      using volume = new Volume(join(d.folder, "volume"), 96);
      volume.copyFrom(d.bytesRoot);
      for (const { mount } of d.members) mount.show(volume.folder);
      const running = await several(d, d.workers.length, training);
      for (const runId of running) await d.client.saves(runId);
      d.note("fill", "the volume of the data folder");
      await volume.fill();
      const waiting = await several(d, 3, training);
      for (const worker of d.workers) await isHeld(d, worker, "data-full");
      const [{ reason }] = await d.client.holds(d.workers[0].name);
      assert.match(reason, /are free on the volume of the data folder/);
      // They have computed all that there is, and cannot store it.
      for (const runId of running)
        await until(`${runId} waits`, async () => {
          // A checkpoint that was removed has left room.
          await volume.fill();
          const lines = await d.client.logs(runId);
          return lines.some((line) => line.startsWith("The result waits until it can be stored"));
        });
      for (const runId of waiting) assert.equal((await d.client.get(runId)).attempt, 0);
      volume.free();
      await succeedAtOnce(d, [...running, ...waiting]);
      volume.copyTo(d.bytesRoot);
      for (const { mount } of d.members) mount.heal();
    },
  },
];
