import { expect, test } from "vitest";
import { exp, input, OutOfMemory, type Tensor } from "@espalier/tensor";
import { tensorFlowInJavaScript } from "../testing/javascript.ts";
import { describeBackend } from "../testing/tfjs-suite.ts";
import { interpretOn } from "./interpret.ts";

describeBackend("tfjs in JavaScript", tensorFlowInJavaScript);

test("the errors of TensorFlow for memory are told from others", async () => {
  const tf = await tensorFlowInJavaScript();
  const failing = (message: string) =>
    interpretOn({
      ...tf,
      exp: () => {
        throw new Error(message);
      },
    });
  const x: Tensor = { dtype: "f32", shape: [1], data: Float32Array.of(1) };
  const run = async (message: string) => {
    const executable = await failing(message).open({ y: exp(input("x", ["n"])) });
    return executable.run({ x });
  };
  await expect(run("OOM when allocating tensor with shape[4]")).rejects.toThrow(OutOfMemory);
  await expect(run("Invalid argument")).rejects.not.toThrow(OutOfMemory);
});
