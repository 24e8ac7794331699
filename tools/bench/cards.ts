import type { NewDevice } from "../../packages/store/src/index.ts";

/** Cards as a worker on one host declares them; `host` tells them from those of others. */
export const cards = (count: number, host: number): NewDevice[] =>
  Array.from({ length: count }, (_, index) => ({
    address: `cuda:${index}`,
    identity: `cuda:GPU-${host}-${index}`,
    kind: "cuda",
    name: "NVIDIA H100 80GB HBM3",
    engine: "onnx-cuda",
    memoryBytes: 85_520_809_984,
  }));
