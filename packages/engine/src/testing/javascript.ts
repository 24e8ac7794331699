import { createRequire } from "node:module";
import type { Engine } from "@espalier/tensor";
import { interpretOn } from "../tfjs/interpret.ts";
import type { TensorFlow } from "../tfjs/load.ts";

const require = createRequire(import.meta.url);

/** TensorFlow.js without a library: slow, and there on every machine. */
export async function tensorFlowInJavaScript(): Promise<TensorFlow> {
  const tf = require("@tensorflow/tfjs-core") as TensorFlow;
  require("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  await tf.ready();
  return tf;
}

/** The engine `tfjs` on it. */
export const tfjsInJavaScript = async (): Promise<Engine> => interpretOn(await tensorFlowInJavaScript());
