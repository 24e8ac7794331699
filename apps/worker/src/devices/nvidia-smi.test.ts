import { env } from "node:process";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { FakeNvidiaSmi, fakeCard, uuidOf, type FakeState } from "../testing/fake-nvidia-smi.ts";
import { NvidiaSmi, type Card, type NvidiaReport } from "./nvidia-smi.ts";

const fakes: FakeNvidiaSmi[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.remove();
});

async function open(state: Partial<FakeState>, seconds = 20) {
  const fake = await FakeNvidiaSmi.create(state);
  fakes.push(fake);
  return {
    fake,
    smi: new NvidiaSmi({ seconds, environment: { PATH: fake.path(env.PATH), LC_ALL: "de_DE.UTF-8" } }),
  };
}
const report = async (state: Partial<FakeState>): Promise<NvidiaReport> => (await open(state)).smi.report();
async function cardsOf(state: Partial<FakeState>): Promise<Card[]> {
  const seen = await report(state);
  if (seen.type !== "cards") throw new Error(JSON.stringify(seen));
  return seen.cards;
}

describe("cards", () => {
  it("are reported with what they measure and what computes on them, whatever the host's language", async () => {
    const name = "/opt/my, own/train.py";
    const [first, second] = await cardsOf({
      cards: [
        fakeCard(0),
        fakeCard(1, { "utilization.gpu": 97, "temperature.gpu": 71, name: "Card, with a comma" }),
      ],
      processes: [{ cardUuid: uuidOf(1), pid: 4711, name, usedMebibytes: 60_000 }],
    });
    expect(first).toEqual({
      uuid: uuidOf(0),
      index: 0,
      name: "NVIDIA H100 80GB HBM3",
      driver: "570.86.15",
      memoryBytes: 81559 * 2 ** 20,
      freeBytes: 81079 * 2 ** 20,
      utilization: 0,
      temperature: 31,
      uncorrected: 0,
      faults: [],
      processes: [],
    });
    expect(second).toMatchObject({
      name: "Card, with a comma",
      utilization: 97,
      temperature: 71,
      processes: [{ pid: 4711, name, usedBytes: 60_000 * 2 ** 20 }],
    });
  });

  it("lack what the driver cannot report", async () => {
    const fields = {
      "memory.total": "[N/A]",
      "memory.used": "[Not Supported]",
      "memory.free": "[N/A]",
      "utilization.gpu": "[Insufficient Permissions]",
      "temperature.gpu": "N/A",
      "ecc.errors.uncorrected.volatile.total": "[N/A]",
      gpu_recovery_action: "[Function Not Found]",
    };
    const [card] = await cardsOf({ cards: [fakeCard(0, fields)] });
    expect(card).toEqual({
      uuid: uuidOf(0),
      index: 0,
      name: "NVIDIA H100 80GB HBM3",
      driver: "570.86.15",
      faults: [],
      processes: [],
    });
  });

  it("of an old driver are reported without the fields that it does not know", async () => {
    const unknown = ["gpu_recovery_action", "mig.mode.current"];
    const { smi } = await open({ cards: [fakeCard(0)], unknown, oldDriver: true });
    for (let i = 0; i < 2; i++)
      expect(await smi.report()).toMatchObject({ type: "cards", cards: [{ temperature: 31, faults: [] }] });
  });

  it.each([
    [{ "temperature.gpu": "[Unknown Error]" }, "Its temperature.gpu reads [Unknown Error]."],
    [{ "memory.used": "[GPU requires reset]" }, "Its memory.used reads [GPU requires reset]."],
    [{ "retired_pages.pending": "Yes" }, "Memory pages wait to be retired; it must be reset."],
    [{ gpu_recovery_action: "Drain and Reset" }, "Its driver asks for: Drain and Reset."],
  ])("are at fault with %o", async (fields, fault) => {
    expect((await cardsOf({ cards: [fakeCard(0, fields)] }))[0]?.faults).toEqual([fault]);
  });

  it("are at fault when a row of their memory could not be remapped", async () => {
    const cards = [
      { ...fakeCard(0), remapFailure: "Yes" },
      { ...fakeCard(1), remapFailure: "No" },
    ];
    expect((await cardsOf({ cards })).map(({ faults }) => faults)).toEqual([
      ["A faulty row of its memory could not be remapped."],
      [],
    ]);
  });

  it("that fell off the bus are missing, and the others are reported nevertheless", async () => {
    const remark = "Unable to determine the device handle for GPU1: 0000:44:00.0: Unknown Error";
    for (const exit of [0, 15, 255])
      expect(await report({ cards: [fakeCard(0)], remarks: [remark], exit })).toMatchObject({
        type: "cards",
        cards: [{ index: 0 }],
        remarks: [remark],
      });
    const last =
      "Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.  Reboot the system to recover this GPU";
    expect(await report({ output: `${last}\n`, exit: 15 })).toEqual({
      type: "cards",
      cards: [],
      remarks: [last],
    });
    expect(await report({ cards: [] })).toEqual({
      type: "cards",
      cards: [],
      remarks: ["No devices were found"],
    });
  });
});

it("partitions are reported with their own memory and processes", async () => {
  const card = {
    ...fakeCard(0, { "mig.mode.current": "Enabled", "utilization.gpu": "[N/A]" }),
    partitions: [
      {
        index: 0,
        instance: 1,
        uuid: "MIG-one",
        profile: "3g.40gb",
        totalMebibytes: 40_192,
        freeMebibytes: 40_000,
      },
      {
        index: 1,
        instance: 5,
        uuid: "MIG-two",
        profile: "1g.10gb",
        totalMebibytes: 9_856,
        freeMebibytes: 800,
        uncorrected: 1,
      },
    ],
  };
  const processes = [{ cardUuid: uuidOf(0), pid: 9, name: "python", usedMebibytes: 9_000, instance: 5 }];
  const [seen, plain] = await cardsOf({ cards: [card, fakeCard(1)], processes });
  expect(seen?.partitions).toEqual([
    {
      cardUuid: uuidOf(0),
      index: 0,
      uuid: "MIG-one",
      profile: "3g.40gb",
      memoryBytes: 40_192 * 2 ** 20,
      freeBytes: 40_000 * 2 ** 20,
      uncorrected: 0,
      processes: [],
    },
    expect.objectContaining({
      uuid: "MIG-two",
      freeBytes: 800 * 2 ** 20,
      uncorrected: 1,
      processes: [{ pid: 9, name: "python", usedBytes: 9_000 * 2 ** 20 }],
    }),
  ]);
  expect(plain).not.toHaveProperty("partitions");
});

describe("an nvidia-smi that is no help", () => {
  it("and is not there means a host without NVIDIA cards", async () => {
    const smi = new NvidiaSmi({ seconds: 5, environment: { PATH: "/nowhere" } });
    expect(await smi.report()).toEqual({ type: "absent" });
  });

  it.each<[string, Partial<FakeState>, string]>([
    [
      "has no driver",
      { output: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", exit: 9 },
      "nvidia-smi ended with exit code 9 (the NVIDIA driver is not loaded): NVIDIA-SMI has failed because",
    ],
    [
      "writes garbage",
      { output: "\u0000\ufffd<<not, a, table>>\n" },
      "What nvidia-smi says cannot be read: ",
    ],
    [
      "fails without a word",
      { output: "", exit: 255 },
      "nvidia-smi ended with exit code 255 (the driver failed).",
    ],
    [
      "speaks on standard error",
      { output: "", errors: "Failed to initialize NVML: Unknown Error\n", exit: 255 },
      "NVML",
    ],
  ])("and %s is silent with a reason", async (_what, state, reason) => {
    const seen = await report(state);
    expect(seen.type === "silent" && seen.reason).toContain(reason);
  });

  it("and hangs is left alone, is not started again while it hangs, and is used again when it answers", async () => {
    const { fake, smi } = await open({ cards: [fakeCard(0)], hang: true }, 4);
    const hung = { type: "silent", reason: "nvidia-smi has not answered within 4 s." };
    expect(await smi.report()).toEqual(hung);
    await fake.set({ hang: false });
    // While the killed one is not gone yet, reports come at once: the pause lets its end be heard.
    let seen = await smi.report();
    for (const end = Date.now() + 60_000; seen.type !== "cards" && Date.now() < end;) {
      await setTimeout(50);
      seen = await smi.report();
    }
    expect(seen).toMatchObject({ type: "cards", cards: [{ index: 0 }] });
  }, 90_000);

  it("and breaks off its report on partitions is silent", async () => {
    const { fake, smi } = await open({ cards: [fakeCard(0)] });
    expect(await smi.report()).toMatchObject({ type: "cards" });
    await fake.set({ output: "<nvidia_smi_log><gpu>" });
    expect(await smi.report()).toMatchObject({ type: "silent" });
  });
});
