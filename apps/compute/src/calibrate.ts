import type { OutcomeOf } from "@espalier/contract/compute";
import { rotaryTables, textEncoder } from "@espalier/encoder";
import { expectedTensors, parseConfig } from "@espalier/model";
import {
  gradients,
  input,
  inputsOf,
  topological,
  weight,
  type Engine,
  type Executable,
  type Tensor,
  type WeightSource,
} from "@espalier/tensor";
import type { Computation } from "./computation.ts";

/** Two layers with the sizes of SmolLM2-135M: matrices large enough that it is they that take the time. */
const config = parseConfig(
  JSON.stringify({
    model_type: "llama",
    num_hidden_layers: 2,
    hidden_size: 576,
    intermediate_size: 1536,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    vocab_size: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 100_000,
  }),
);
const length = 64;
const texts = 8;
/** The best of several, as others may use the device meanwhile; fewer where the device is slow. */
const repetitions = 5;
const enoughSeconds = 1;

/**
 * How fast an engine computes a small encoder of random weights: 10^9 operations in a second, 2 for each weight and token of a
 * forward pass, and 8 for those of a training step, as a run's work is counted.
 */
export async function calibrate({ engine }: Pick<Computation, "engine">): Promise<OutcomeOf<"calibrate">> {
  const weights = randomWeights();
  const [pooled] = textEncoder(config, [config.layers], { parameter: weight });
  const cotangent = input("cotangent", ["batch", config.hiddenSize]);
  const embeddings = inputsOf(topological([pooled!])).get("embeddings")!;
  const [gradient] = gradients([{ output: pooled!, cotangent }], [embeddings]);
  const forward = await secondsOf(engine, { pooled: pooled! }, weights);
  const backward = await secondsOf(engine, { gradient: gradient! }, weights);
  const weightCount = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  const operations = (2 * weightCount * texts * length) / 1e9;
  return {
    kind: "calibrate",
    forward: round(operations / forward),
    training: round((4 * operations) / (forward + backward)),
  };
}

const round = (rate: number): number => Number(rate.toPrecision(3));

async function secondsOf(
  engine: Engine,
  outputs: Parameters<Engine["open"]>[0],
  weights: ReadonlyMap<string, WeightSource>,
): Promise<number> {
  const executable = await engine.open(outputs, weights);
  try {
    // The first run makes what the engine keeps. Where it is slow all the same, one text says enough.
    const first = await seconds(executable, 1);
    if (first > enoughSeconds) return first * texts;
    let best = Infinity;
    let all = 0;
    for (let turn = 0; turn < repetitions && all < enoughSeconds; turn++) {
      const taken = await seconds(executable, texts);
      best = Math.min(best, taken);
      all += taken;
    }
    return best;
  } finally {
    await executable.close();
  }
}

async function seconds(executable: Executable, rows: number): Promise<number> {
  const feeds = {
    embeddings: randomTensor([rows, length, config.hiddenSize], 0.1),
    pooling: randomTensor([rows, length], 1 / length),
    cotangent: randomTensor([rows, config.hiddenSize], 1),
    ...rotaryTables(config, length),
  };
  const began = performance.now();
  await executable.run(feeds);
  return (performance.now() - began) / 1000;
}

function randomWeights(): Map<string, { data: Float32Array; shape: readonly number[] }> {
  const weights = new Map<string, { data: Float32Array; shape: readonly number[] }>();
  for (const [name, shape] of expectedTensors(config))
    if (name !== "embed_tokens.weight")
      weights.set(name, { data: randomTensor(shape, 0.05).data as Float32Array, shape });
  return weights;
}

/** Arbitrary numbers that are the same every time. */
function randomTensor(shape: readonly number[], size: number): Tensor {
  const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = (state / 2 ** 31 - 1) * size;
  }
  return { dtype: "f32", shape, data };
}
