import { expect, test } from "vitest";
import { input } from "@espalier/tensor";
import { chooseEngine } from "../choose.ts";
import { describeBackend } from "../testing/tfjs-suite.ts";
import { probeTensorFlow } from "./find.ts";
import { loadTensorFlow } from "./load.ts";

const native = probeTensorFlow("cpu");

if (native.installed) describeBackend(`tfjs on ${native.what}`, async () => loadTensorFlow({ threads: 2 }));

test.runIf(native.installed)("it is TensorFlow that computes, in one precision for a process", async () => {
  const tf = await loadTensorFlow({ threads: 2 });
  expect(tf.getBackend()).toBe("tensorflow");
  const other = chooseEngine("tfjs", { precision: "bf16-math" });
  await expect(other.open({ y: input("x", [1]) })).rejects.toMatchObject({
    code: "device/engine-unavailable",
  });
});

test.skipIf(native.installed)("nothing is tried: TensorFlow is not installed (npm run setup:tfjs)", () => {
  expect(native).toMatchObject({ installed: false, missing: expect.stringContaining("tfjs-node") });
});
