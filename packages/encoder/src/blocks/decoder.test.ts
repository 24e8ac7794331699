import { interpreter, isOp, topological, weight, type Tensor } from "@espalier/tensor";
import { describe, expect, it } from "vitest";
import { languageModelStep } from "./language-model.ts";
import { Random } from "../random.ts";
import { tinyLlama } from "../testing/tiny-encoder.ts";
import { expectedTensors, ofLayers } from "@espalier/model";
import { inputParameters } from "./parameters.ts";
import { rotaryTables } from "./rotary-tables.ts";
import { textEncoder } from "./text-encoder.ts";

const config = tinyLlama;

describe("a Llama", () => {
  it("asks for exactly the checkpoint's parameters of the layers it runs", () => {
    const [pooled] = textEncoder(config, [2], { parameter: weight });
    const asked = topological([pooled!]).flatMap((node) => (isOp(node, "weight") ? [node.attrs] : []));
    const expected = expectedTensors(ofLayers(config, 2));
    expected.delete("embed_tokens.weight");
    expect(new Map(asked.map(({ name, shape }) => [name, shape]))).toEqual(expected);
    expect(asked).toHaveLength(expected.size);
  });

  it("refuses a depth that the model does not have", () => {
    expect(() => textEncoder(config, [4], { parameter: weight })).toThrow(/depth 4 of a model with 3/);
  });

  it("adapts the seven linear layers under PEFT's names", () => {
    const { parameter, nodes } = inputParameters();
    textEncoder(config, [1], { parameter: weight, adapter: { rank: 2, alpha: 4, parameter } });
    expect([...nodes].map(([name, { shape }]) => [name, shape])).toContainEqual([
      "base_model.model.layers.0.mlp.down_proj.lora_A.weight",
      [2, 10],
    ]);
    expect(nodes.size).toBe(14);
  });

  it("is pretrained with a gradient for every parameter", () => {
    const { outputs, parameters } = languageModelStep(config);
    expect(outputs["loss"]!.shape).toEqual([]);
    for (const [name, shape] of parameters) expect(outputs[`gradient:${name}`]!.shape).toEqual(shape);
  });

  it("is pretrained with the gradients that finite differences give", async () => {
    const { outputs, parameters } = languageModelStep(config);
    const random = Random.seeded(5);
    const feeds: Record<string, Tensor> = {
      ids: { dtype: "i32", shape: [2, 3], data: Int32Array.of(1, 4, 2, 9, 4, 0) },
      labels: { dtype: "i32", shape: [6], data: Int32Array.of(4, 2, 7, 4, 0, 0) },
      mask: { dtype: "f32", shape: [6], data: Float32Array.of(1, 1, 1, 1, 1, 0) },
      ...rotaryTables(config, 3),
    };
    for (const [name, shape] of parameters) {
      const count = shape.reduce((product, size) => product * size, 1);
      const data = Float32Array.from({ length: count }, () => random.uniform() - 0.5);
      feeds[name] = { dtype: "f32", shape, data };
    }
    const executable = await interpreter().open(outputs);
    const analytic = await executable.run(feeds);
    const lossOnly = await interpreter().open({ loss: outputs["loss"]! });
    const lossAt = async (name: string, data: Float32Array) =>
      (await lossOnly.run({ ...feeds, [name]: { ...feeds[name]!, data } }))["loss"]!.data[0]!;
    for (const name of parameters.keys()) {
      const old = feeds[name]!.data as Float32Array;
      // Along a random direction, so that one difference checks every element of the parameter.
      const direction = old.map(() => random.uniform() - 0.5);
      const step = 0.01;
      const [up, down] = [step, -step].map((h) => old.map((x, i) => x + h * direction[i]!));
      const moved = up!.map((x, i) => x - down![i]!);
      const difference = (await lossAt(name, up!)) - (await lossAt(name, down!));
      const gradient = analytic[`gradient:${name}`]!.data;
      const expected = moved.reduce((sum, x, i) => sum + x * gradient[i]!, 0);
      expect(Math.abs(difference - expected)).toBeLessThan(1e-6 + 0.01 * Math.abs(expected));
    }
  });
});
