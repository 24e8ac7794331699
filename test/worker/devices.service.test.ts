import { readFile } from "node:fs/promises";
import type { Device, Hold, Run } from "@espalier/contract";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { installedEngines } from "@espalier/engine";
import { FakeNvidiaSmi, fakeCard, uuidOf } from "../../apps/worker/src/testing/fake-nvidia-smi.ts";
import { freshDatabase } from "../servers/postgres.ts";
import { startPool, until, type Pool, type TestWorker } from "./pool.ts";

let pool: Pool;
let smi: FakeNvidiaSmi;
let worker: TestWorker;
let modelId: string;
let triplets: string;

/** A card that is split in two, beside two plain ones. */
const split = {
  ...fakeCard(2, { "mig.mode.current": "Enabled", "utilization.gpu": "[N/A]" }),
  partitions: [
    {
      index: 0,
      instance: 1,
      uuid: "MIG-one",
      profile: "3g.40gb",
      totalMebibytes: 40_000,
      freeMebibytes: 39_000,
    },
    {
      index: 1,
      instance: 5,
      uuid: "MIG-two",
      profile: "3g.40gb",
      totalMebibytes: 40_000,
      freeMebibytes: 38_000,
    },
  ],
};
const cards = [fakeCard(0), fakeCard(1), split];
/** This test is no descendant of the worker: a foreign process. */
const foreigner = (cardUuid: string, instance?: number) => ({
  cardUuid,
  pid: process.pid,
  name: "/usr/bin/somebody-else",
  usedMebibytes: 20_000,
  ...(instance === undefined ? {} : { instance }),
});

const member = async () => (await pool.store.workers.list()).find(({ name }) => name === worker.name)!;
const deviceAt = async (address: string): Promise<Device> =>
  (await member()).devices.find((device) => device.address === address)!;
const held = async (address: string): Promise<Hold["cause"][]> =>
  (await deviceAt(address)).holds.map(({ cause }) => cause);
const all = ["cuda:0", "cuda:1", "cuda:2:0", "cuda:2:1"];
const free = () =>
  until(async () => (await Promise.all(all.map(held))).every((causes) => causes.length === 0));
const train = (steps: number) =>
  pool.submit({ kind: "train", model: modelId, datasetId: triplets, settings: { steps, batchSize: 8 } });
const addressOf = async (run: Run) =>
  (await member()).devices.find(({ runIds }) => runIds.includes(run.id))?.address;
async function cancel(run: Run): Promise<void> {
  await pool.store.runs.cancel(pool.teamId, run.id);
  await pool.end(run.id, "CANCELLED");
}

beforeAll(async () => {
  pool = await startPool(await freshDatabase());
  smi = await FakeNvidiaSmi.create({ cards });
  triplets = await pool.dataset("triplets", 32);
  worker = await pool.worker({
    PATH: smi.path(process.env.PATH),
    ESPALIER_DEVICES: "cuda",
    // The cards are not there: the processor computes in their name.
    ESPALIER_ENGINE: "onnx-cpu",
    ESPALIER_THREADS: "1",
    ESPALIER_LABELS: "zone=a,team-only=nlp",
  });
  modelId = await pool.importShallow();
});
afterEach(() =>
  smi.set({ cards, processes: [], hang: undefined, output: undefined, exit: undefined, remarks: undefined }),
);
afterAll(async () => {
  await pool?.close();
  await smi?.remove();
});

it("cards and partitions are offered with what they are and measure", async () => {
  await until(async () => (await deviceAt("cuda:0")).measured?.temperature !== undefined);
  const { labels, devices } = await member();
  expect(labels).toEqual({ zone: "a", "team-only": "nlp" });
  expect(devices).toMatchObject([
    {
      address: "cuda:0",
      identity: `cuda:${uuidOf(0)}`,
      kind: "cuda",
      name: "NVIDIA H100 80GB HBM3",
      memoryBytes: 81559 * 2 ** 20,
      driver: "570.86.15",
      measured: { freeBytes: 81079 * 2 ** 20, utilization: 0, temperature: 31 },
    },
    { address: "cuda:1" },
    {
      address: "cuda:2:0",
      identity: "cuda:MIG-one",
      name: "NVIDIA H100 80GB HBM3 MIG 3g.40gb",
      memoryBytes: 40_000 * 2 ** 20,
      measured: { freeBytes: 39_000 * 2 ** 20 },
    },
    { address: "cuda:2:1", measured: { freeBytes: 38_000 * 2 ** 20 } },
  ]);
});

it("a foreign process keeps new runs off a card with the reason, spares what runs there, and goes", async () => {
  const before = worker.log().length;
  const run = await train(4000);
  await until(async () => worker.log().slice(before).includes("compute process started"));
  const address = (await addressOf(run))!;
  const { identity } = await deviceAt(address);
  const environment = await readFile(`/proc/${await pool.childOf(worker)}/environ`, "utf8");
  expect(environment.split("\0")).toContain(`CUDA_VISIBLE_DEVICES=${identity.slice("cuda:".length)}`);
  const isPartition = identity.includes("MIG");
  await smi.set({
    processes: [
      isPartition
        ? foreigner(uuidOf(2), identity === "cuda:MIG-one" ? 1 : 5)
        : foreigner(identity.slice("cuda:".length)),
    ],
  });
  await until(async () => (await held(address)).includes("foreign-process"));
  const [hold] = (await deviceAt(address)).holds;
  expect(hold.reason).toBe(`Not of the pool: somebody-else (process ${process.pid}, 21.0 GB).`);
  expect(Math.abs(Date.parse(hold.since) - Date.now())).toBeLessThan(60_000);
  await until(async () => {
    const { items } = await pool.store.logs.list(pool.teamId, run.id, { limit: 200 });
    return items.some(({ level, message }) => level === "warn" && message.includes("somebody-else"));
  });
  expect((await pool.store.runs.get(pool.teamId, run.id)).state).toBe("RUNNING");

  // Everything else takes runs; the held card, once its run has gone, does not.
  await cancel(run);
  const others = await Promise.all([train(400), train(400), train(400), train(400)]);
  await until(async () => (await member()).devices.filter(({ busy }) => busy).length === 3);
  expect((await deviceAt(address)).busy).toBe(false);
  const states = await Promise.all(
    others.map(async ({ id }) => (await pool.store.runs.get(pool.teamId, id)).state),
  );
  expect(states.filter((state) => state === "RUNNING")).toHaveLength(3);

  await smi.set({ processes: [] });
  await until(async () => (await deviceAt(address)).busy);
  expect(await held(address)).toEqual([]);
  for (const each of others) await cancel(each);
  const { items } = await pool.store.workerEvents.list(worker.name, { limit: 50 });
  const told = items
    .filter(({ cause }) => cause === "foreign-process")
    .map(({ type, device }) => `${type} ${device}`);
  expect(told).toEqual([`released ${address}`, `held ${address}`]);
});

describe("a fault", () => {
  it("of memory holds the card until an operator accepts it", async () => {
    await smi.set({
      cards: [fakeCard(0, { "ecc.errors.uncorrected.volatile.total": 2 }), fakeCard(1), split],
    });
    await until(async () => (await held("cuda:0")).includes("memory-error"));
    expect(await held("cuda:1")).toEqual([]);
    expect((await deviceAt("cuda:0")).holds[0].reason).toBe(
      "2 uncorrectable memory errors since its driver was loaded.",
    );
    await pool.store.holds.uncordon((await deviceAt("cuda:0")).id, "key (ops)");
    const open = worker.log().split('"device takes runs"').length;
    await until(async () => worker.log().split('"device takes runs"').length > open);
    expect(await held("cuda:0")).toEqual([]);
  });

  it("of a card takes its partitions along", async () => {
    const broken = { ...split, fields: { ...split.fields, gpu_recovery_action: "Reset" } };
    await smi.set({ cards: [fakeCard(0), fakeCard(1), broken] });
    await until(async () => (await held("cuda:2:1")).includes("device-error"));
    expect(await held("cuda:2:0")).toEqual(["device-error"]);
    expect((await deviceAt("cuda:2:0")).holds[0].reason).toBe("Its driver asks for: Reset.");
    await smi.set({ cards });
    for (const address of ["cuda:2:0", "cuda:2:1"])
      await pool.store.holds.uncordon((await deviceAt(address)).id, "key (ops)");
    await free();
  });
});

it("a card that vanishes stays out when it is back, until an operator says so", async () => {
  const remarks = ["Unable to determine the device handle for GPU1: 0000:44:00.0: Unknown Error"];
  await smi.set({ cards: [fakeCard(0), split], remarks, exit: 255 });
  await until(async () => (await held("cuda:1")).includes("vanished"));
  expect((await deviceAt("cuda:1")).holds[0].reason).toContain(
    `does not list cuda:${uuidOf(1)} any more: Unable to`,
  );
  expect(await held("cuda:0")).toEqual([]);
  // Cleared while it is still gone, it comes back at once.
  const { id } = await deviceAt("cuda:1");
  await pool.store.holds.uncordon(id, "key (ops)");
  await until(async () => (await held("cuda:1")).includes("vanished"));
  await smi.set({ cards, remarks: undefined, exit: undefined });
  await until(async () => (await deviceAt("cuda:1")).measured?.temperature === 31);
  expect(await held("cuda:1")).toEqual(["vanished"]);
  await pool.store.holds.uncordon(id, "key (ops)");
  await free();
});

it.each([
  ["hangs", { hang: true }, "nvidia-smi has not answered within 10 s."],
  ["loses its driver", { output: "NVIDIA-SMI has failed.\n", exit: 9 }, "(the NVIDIA driver is not loaded)"],
  ["writes garbage", { output: "\u0007,,,\n<html>" }, "What nvidia-smi says cannot be read"],
])(
  "an nvidia-smi that %s takes the cards out and not the worker, and they return with it",
  async (_what, state, words) => {
    await smi.set(state);
    await until(async () =>
      (await Promise.all(all.map(held))).every((causes) => causes.includes("not-answering")),
    );
    const { lastSeenAt, devices } = await member();
    expect(devices[0].holds[0].reason).toContain(words);
    await until(async () => (await deviceAt("cuda:0")).measured === undefined);
    await until(async () => (await member()).lastSeenAt > lastSeenAt);
    expect((await member()).state).toBe("ACTIVE");
    await smi.set({ hang: undefined, output: undefined, exit: undefined });
    await free();
  },
);

it.skipIf(installedEngines("cuda").length > 0)(
  "a card that no installed engine computes on is shown with the command that installs one, and takes no runs",
  async () => {
    const plain = await pool.worker({
      PATH: smi.path(process.env.PATH),
      ESPALIER_DEVICES: "all",
      ESPALIER_THREADS: "1",
    });
    const devices = async () =>
      (await pool.store.workers.list()).find(({ name }) => name === plain.name)!.devices;
    await expect
      .poll(
        async () =>
          (await devices()).map(({ address, engine, holds }) =>
            [address, engine, ...holds.map(({ cause }) => cause)].join(" "),
          ),
        { timeout: 60_000 },
      )
      .toEqual(["cpu onnx-cpu", ...all.map((address) => `${address} none no-engine`)]);
    const [, card] = await devices();
    expect(card.holds[0].reason).toContain("`npm run setup:tfjs -- --gpu`");
  },
);
