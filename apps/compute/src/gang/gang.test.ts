import { join } from "node:path";
import { resolveEncoding, resolveTrainingSettings } from "@espalier/contract";
import { loadModel, train, type TrainingInputs } from "@espalier/encoder";
import { chooseEngine } from "@espalier/engine";
import { input, matmul, weight, type Engine } from "@espalier/tensor";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ownPeak, peakMemoryBytes } from "../computation.ts";
import { DeviceProcess } from "./device-process.ts";
import { gangEngine } from "./gang.ts";

const options = { threads: 1 };
let inputs: TrainingInputs;
beforeAll(async () => {
  const words = ["bird", "boat", "cake", "dog", "door", "frog", "hat", "tree"];
  const model = await loadModel(join(import.meta.dirname, "../../../cli/demo/model"));
  inputs = {
    // Graphs of two layers open faster than those of twelve.
    model: { ...model, config: { ...model.config, layers: 2 } },
    triplets: words.map((word, i) => ({
      query: `Where is the ${word}?`,
      positive: `The ${word} is in the garden, behind a ${words[(i + 3) % 8]}.`,
      negatives: [`She sees the ${words[(i + 1) % 8]} of a friend.`],
    })),
    settings: resolveTrainingSettings({
      steps: 3,
      batchSize: 4,
      chunkTokens: 48,
      checkpointEvery: 1,
      warmupSteps: 0,
      learningRate: 1e-3,
    }),
    encoding: resolveEncoding(),
  };
});

const started: DeviceProcess[] = [];
afterAll(() => {
  for (const device of started) device.end();
});
function twoDevices(engine = "onnx-cpu"): DeviceProcess[] {
  const two = [0, 1].map((i) => new DeviceProcess({ engine, options: { ...options, device: `cpu:${i}` } }));
  started.push(...two);
  return two;
}

type Control = Parameters<typeof train>[1];
type TrainingState = NonNullable<Control["resume"]>;

const trained = async (engine: Engine, control: Partial<Control> = {}) => {
  const { losses, parameters } = await train(inputs, { engine, ...control });
  return { losses, parameters: [...parameters].map(([name, values]) => ({ name, values: [...values] })) };
};

/** The largest difference of two trainings, of losses and of parameters alike. */
function difference(a: Awaited<ReturnType<typeof trained>>, b: typeof a): number {
  const numbers = ({ losses, parameters }: typeof a) => [
    ...losses,
    ...parameters.flatMap(({ values }) => values),
  ];
  const [left, right] = [numbers(a), numbers(b)];
  expect(left.length).toBe(right.length);
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - right[i]!)), 0);
}

it("two devices train to the same numbers each time, and to those of one", async () => {
  const one = await trained(chooseEngine("onnx-cpu", options));
  const gang = gangEngine("onnx-cpu", twoDevices());
  const two = await trained(gang);
  expect(two.losses).toHaveLength(3);
  expect(await trained(gang)).toEqual(two);
  expect(difference(one, two)).toBeLessThan(1e-5);
});

const matrix = new Map([["w", { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }]]);
const product = () => ({ y: matmul(input("x", ["rows", 2]), weight("w", [2, 2])) });
/** The second row of four, as part of a larger buffer. */
const row = { dtype: "f32", shape: [1, 2], data: Float32Array.of(9, 9, 1, 10).subarray(2) } as const;

it("runs go to the device that has less to do", async () => {
  const devices = twoDevices();
  const executable = await gangEngine("onnx-cpu", devices).open(product(), matrix);
  expect(executable.atOnce).toBe(4);
  const runs = [1, 2, 3, 4].map(() => executable.run({ x: row }));
  expect(devices.map(({ load }) => load)).toEqual([2, 2]);
  for (const { y } of await Promise.all(runs)) expect([...y!.data]).toEqual([31, 42]);
  await executable.close();
  await expect(executable.run({ x: row })).rejects.toThrow("closed");
});

it("the peak of a run is that of its largest process", async () => {
  const devices = twoDevices();
  const executable = await gangEngine("onnx-cpu", devices).open(product(), matrix);
  await executable.run({ x: row });
  await executable.close();
  for (const { peak } of devices) {
    expect(peak).toBeGreaterThan(30e6);
    expect(peakMemoryBytes()).toBeGreaterThanOrEqual(peak);
  }
  expect(peakMemoryBytes()).toBeGreaterThanOrEqual(ownPeak());
});

it("errors keep their class on their way out of a process", async () => {
  const executable = await gangEngine("onnx-cpu", twoDevices()).open(product(), matrix);
  await expect(executable.run({})).rejects.toThrow(TypeError);
  const without = gangEngine("onnx-cuda", twoDevices("onnx-cuda"));
  await expect(without.open(product(), matrix)).rejects.toMatchObject({ code: "device/engine-unavailable" });
});

it("a device that is lost ends the training as infrastructure, which goes on from its checkpoint on what is left", async () => {
  const devices = twoDevices();
  let saved: TrainingState | undefined;
  const lost = trained(gangEngine("onnx-cpu", devices), {
    async save(state) {
      saved ??= structuredClone(state);
      process.kill(devices[1]!.pid!, "SIGKILL");
    },
  });
  await expect(lost).rejects.toMatchObject({
    code: "device/lost",
    message: expect.stringContaining("cpu:1 stopped computing in the middle") as string,
  });
  expect(saved!.step).toBe(1);
  const whole = await trained(chooseEngine("onnx-cpu", options));
  const resumed = await trained(gangEngine("onnx-cpu", devices.slice(0, 1)), { resume: saved });
  expect(difference(whole, resumed)).toBeLessThan(1e-5);
});
