import type { Engine } from "@espalier/tensor";

/**
 * The engine that every machine has. It is loaded when somebody needs it: who brings an engine of their own loads no native
 * library.
 */
export async function usualEngine(): Promise<Engine> {
  const { chooseEngine } = await import("@espalier/engine");
  return chooseEngine("onnx-cpu");
}
