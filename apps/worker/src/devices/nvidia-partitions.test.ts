import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPartitionNames, readPartitions } from "./nvidia-partitions.ts";

const list = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaaaaaa-1)
  MIG 3g.20gb     Device  0: (UUID: MIG-11111111-1)
  MIG 1g.5gb+me   Device  1: (UUID: MIG-22222222-2)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbbbbbb-2)
GPU 2: A100 (the old one) (UUID: GPU-cccccccc-3)
  MIG 1g.5gb Device 0: (UUID: MIG-GPU-cccccccc-3/7/0)
`;

describe("the list of partitions", () => {
  it("gives each its card, number, profile and UUID, also in the form of drivers before 470", () => {
    expect(readPartitionNames(list)).toEqual([
      { cardUuid: "GPU-aaaaaaaa-1", index: 0, profile: "3g.20gb", uuid: "MIG-11111111-1" },
      { cardUuid: "GPU-aaaaaaaa-1", index: 1, profile: "1g.5gb+me", uuid: "MIG-22222222-2" },
      { cardUuid: "GPU-cccccccc-3", index: 0, profile: "1g.5gb", uuid: "MIG-GPU-cccccccc-3/7/0" },
    ]);
  });

  it("is empty for what is no list", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readPartitionNames(text)).toEqual([]);
      }),
    );
    expect(() => readPartitions("Unable to determine the device handle")).toThrow(/./);
  });
});
