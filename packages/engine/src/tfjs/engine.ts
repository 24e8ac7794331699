import type { Engine } from "@espalier/tensor";
import type { EngineOptions } from "../options.ts";
import { interpretOn } from "./interpret.ts";
import { loadTensorFlow } from "./load.ts";

/** TensorFlow through TensorFlow.js. `run` blocks the event loop until it is done. */
export async function tfjsEngine(options: EngineOptions): Promise<Engine> {
  return interpretOn(await loadTensorFlow(options));
}
