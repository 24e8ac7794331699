import { describe, expect, it } from "vitest";
import { findDevices, type HostOptions } from "./host.ts";
import type { Card, NvidiaReport } from "./nvidia-smi.ts";

const card = (index: number, more: Partial<Card> = {}): Card => ({
  uuid: `GPU-${index}`,
  index,
  name: "NVIDIA H100",
  memoryBytes: 80e9,
  freeBytes: 79e9,
  driver: "570",
  faults: [],
  processes: [],
  ...more,
});
const find = (options: Partial<HostOptions>) =>
  findDevices({
    wanted: "cuda",
    engine: "x",
    enginesFor: () => ["x"],
    missingEngines: (kind) => `nothing for ${kind}`,
    nvidia: { type: "absent" },
    adapters: [],
    ...options,
  });
const cards = (...list: Card[]): NvidiaReport => ({ type: "cards", cards: list, remarks: [] });
const partition = (index: number, uuid: string) => ({
  cardUuid: "GPU-0",
  index,
  uuid,
  profile: "3g.40gb",
  memoryBytes: 40e9,
  freeBytes: 39e9,
  processes: [],
});

describe("the devices of a host", () => {
  it("are the processor alone where there is nothing else", async () => {
    expect(await find({ wanted: "all" })).toMatchObject([
      { address: "cpu", identity: "cpu", kind: "cpu", environment: { CUDA_VISIBLE_DEVICES: "" } },
    ]);
  });

  it("are cards, and a compute process sees its own and no other", async () => {
    expect(await find({ nvidia: cards(card(0), card(1)) })).toMatchObject([
      {
        address: "cuda:0",
        identity: "cuda:GPU-0",
        memoryBytes: 80e9,
        freeBytes: 79e9,
        driver: "570",
        environment: { CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: "GPU-0" },
      },
      { address: "cuda:1", environment: { CUDA_VISIBLE_DEVICES: "GPU-1" } },
    ]);
  });

  it("are the partitions of a card, not the card", async () => {
    const split = card(0, { partitions: [partition(0, "MIG-a"), partition(1, "MIG-b")] });
    expect(await find({ nvidia: cards(split) })).toMatchObject([
      {
        address: "cuda:0:0",
        identity: "cuda:MIG-a",
        name: "NVIDIA H100 MIG 3g.40gb",
        memoryBytes: 40e9,
        freeBytes: 39e9,
        environment: { CUDA_VISIBLE_DEVICES: "MIG-a" },
      },
      { identity: "cuda:MIG-b" },
    ]);
    expect(await find({ nvidia: cards(split), visibleDevices: "MIG-b" })).toMatchObject([
      { identity: "cuda:MIG-b" },
    ]);
    expect(await find({ nvidia: cards(split), visibleDevices: "0" })).toHaveLength(2);
  });

  it("are only those that the worker itself may see", async () => {
    const seen = await find({ nvidia: cards(card(0), card(1), card(2)), visibleDevices: "2,1" });
    expect(seen.map(({ address }) => address)).toEqual(["cuda:1", "cuda:2"]);
  });

  it("use the processor's memory where they have none of their own", async () => {
    const { memoryBytes: _none, freeBytes: _nothing, ...shared } = card(0);
    const [cpu, gpu] = await find({ wanted: "all", nvidia: cards(shared) });
    expect(gpu?.memoryBytes).toBe(cpu?.memoryBytes);
  });

  it("are the same card for Vulkan and for CUDA when its UUID says so", async () => {
    const adapters = [
      { index: 0, name: "NVIDIA H100", software: false, uuid: "0" },
      { index: 1, name: "llvmpipe", software: true },
    ];
    const all = await find({ wanted: "all", nvidia: cards(card(0)), adapters });
    expect(all.map(({ address }) => address)).toEqual(["cpu", "cuda:0"]);
    expect(await find({ wanted: "vulkan:0", nvidia: cards(card(0)), adapters })).toMatchObject([
      { kind: "webgpu", memoryBytes: 80e9, source: { type: "card", uuid: "GPU-0" } },
    ]);
    expect(await find({ wanted: "vulkan:1", adapters })).toMatchObject([{ software: true, memoryBytes: 0 }]);
  });

  it("are shown where no installed engine computes on them, with what changes that", async () => {
    const options = { wanted: "all", nvidia: cards(card(0)) };
    const enginesFor = (kind: string) => (kind === "cpu" ? ["x"] : []);
    const found = await findDevices({
      ...options,
      enginesFor,
      missingEngines: (kind) => `nothing for ${kind}`,
      adapters: [],
    });
    expect(found).toMatchObject([
      { address: "cpu", engine: "x" },
      { address: "cuda:0", engine: "none", unusable: "nothing for cuda" },
    ]);
    expect(found[0]).not.toHaveProperty("unusable");
  });

  it("may come back, where their driver is silent and they are asked for by name", async () => {
    const nvidia = { type: "silent", reason: "nvidia-smi has not answered within 10 s." } as const;
    await expect(find({ nvidia, wanted: "cuda:0" })).rejects.toMatchObject({ code: "service/unavailable" });
    expect(await find({ nvidia, wanted: "all" })).toMatchObject([{ address: "cpu" }]);
    expect(await find({ nvidia, wanted: "cpu" })).toMatchObject([{ address: "cpu" }]);
  });
});
