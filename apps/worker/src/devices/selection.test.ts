import { describe, expect, it } from "vitest";
import { selectDevices, visibleCards, type Candidate, type SelectionOptions } from "./selection.ts";

const candidate = (address: string, more: Partial<Candidate> = {}): Candidate => ({
  address,
  identity: address,
  kind: address === "cpu" ? "cpu" : address.startsWith("cuda") ? "cuda" : "webgpu",
  name: address,
  software: false,
  ...more,
});
const host = [
  candidate("cpu"),
  candidate("cuda:0", { identity: "cuda:GPU-a", card: "GPU-a" }),
  candidate("cuda:1:0", { identity: "cuda:MIG-b", card: "GPU-b" }),
  candidate("cuda:1:1", { identity: "cuda:MIG-c", card: "GPU-b" }),
  candidate("cuda:10", { identity: "cuda:GPU-j", card: "GPU-j" }),
  candidate("vulkan:0", { card: "GPU-a" }),
  candidate("vulkan:1", { card: "radeon" }),
  candidate("vulkan:2", { software: true, name: "llvmpipe" }),
];
const engines: Record<string, string[]> = {
  cpu: ["onnx-cpu"],
  cuda: ["onnx-cuda", "tfjs"],
  webgpu: ["onnx-webgpu"],
};
const select = (wanted: string, more: Partial<SelectionOptions> = {}, candidates = host) =>
  selectDevices(candidates, { wanted, enginesFor: (kind) => engines[kind] ?? [], ...more }).map(
    ({ address, engine }) => `${address} ${engine}`,
  );
const onlyCpu = { enginesFor: (kind: string) => (kind === "cpu" ? ["onnx-cpu"] : []) };

describe("all devices", () => {
  it("are those that an engine computes on, each card once, and none that the processor emulates", () => {
    expect(select("all")).toEqual([
      "cpu onnx-cpu",
      "cuda:0 onnx-cuda",
      "cuda:1:0 onnx-cuda",
      "cuda:1:1 onnx-cuda",
      "cuda:10 onnx-cuda",
      "vulkan:1 onnx-webgpu",
    ]);
    expect(select("all", { ...onlyCpu, engine: "onnx-cpu" })).toEqual(["cpu onnx-cpu"]);
    expect(select("all", { engine: "onnx-webgpu" })).toEqual([
      "vulkan:0 onnx-webgpu",
      "vulkan:1 onnx-webgpu",
    ]);
    expect(select("all", { engine: "tfjs" })).toHaveLength(4);
  });

  it("are shown without an engine where none is installed for them, each card by the way that has one", () => {
    expect(select("all", onlyCpu)).toEqual([
      "cpu onnx-cpu",
      "cuda:0 none",
      "cuda:1:0 none",
      "cuda:1:1 none",
      "cuda:10 none",
      "vulkan:1 none",
    ]);
    const noCuda = (kind: string) => (kind === "cuda" ? [] : engines[kind]!);
    expect(select("all", { enginesFor: noCuda })).toEqual([
      "cpu onnx-cpu",
      "cuda:1:0 none",
      "cuda:1:1 none",
      "cuda:10 none",
      "vulkan:0 onnx-webgpu",
      "vulkan:1 onnx-webgpu",
    ]);
  });

  it("may be none, and then the refusal lists what there is", () => {
    expect(() => select("all", { engine: "onnx-cuda" }, [candidate("cpu")])).toThrow(
      "No device here is one that onnx-cuda computes on; there is: cpu (cpu).",
    );
  });
});

describe("named devices", () => {
  it.each([
    ["cpu", ["cpu onnx-cpu"]],
    ["cuda:0", ["cuda:0 onnx-cuda"]],
    ["cuda:1", ["cuda:1:0 onnx-cuda", "cuda:1:1 onnx-cuda"]],
    ["cuda:1:1 , cpu", ["cuda:1:1 onnx-cuda", "cpu onnx-cpu"]],
    ["cuda:gpu-A", ["cuda:0 onnx-cuda"]],
    ["cuda:MIG-b,cuda:1:0", ["cuda:1:0 onnx-cuda"]],
    ["vulkan:2", ["vulkan:2 onnx-webgpu"]],
    ["vulkan:0", ["vulkan:0 onnx-webgpu"]],
  ])("%s", (wanted, chosen) => expect(select(wanted)).toEqual(chosen));

  it("all of CUDA are four", () => expect(select("cuda")).toHaveLength(4));

  it("are taken with the engine that is named, even if it computes elsewhere", () => {
    expect(select("cuda:0", { ...onlyCpu, engine: "onnx-cpu" })).toEqual(["cuda:0 onnx-cpu"]);
    expect(() => select("cuda:0", onlyCpu)).toThrow("no engine of this worker computes on it");
  });

  it.each([
    ["cuda:2", 'ESPALIER_DEVICES names "cuda:2"; there is: cpu (cpu), cuda:0'],
    ["cpu,,cuda:0", 'ESPALIER_DEVICES names ""'],
    ["gpu", 'names "gpu"'],
    ["cuda:0,vulkan:0", "cuda:0 and vulkan:0 are the same card"],
  ])("%s is refused with a reason", (wanted, words) => expect(() => select(wanted)).toThrow(words));
});

describe("CUDA_VISIBLE_DEVICES of the worker", () => {
  const cards = [0, 1, 2].map((index) => ({ index, uuid: `GPU-${index}${index}${index}` }));
  it.each<[string | undefined, string[]]>([
    [undefined, ["GPU-000", "GPU-111", "GPU-222"]],
    ["2,0", ["GPU-222", "GPU-000"]],
    ["GPU-1", ["GPU-111"]],
    ["0,7,1", ["GPU-000"]],
    ["-1", []],
    ["", []],
  ])("%s", (visible, seen) => expect([...visibleCards(visible, cards)]).toEqual(seen));
});
