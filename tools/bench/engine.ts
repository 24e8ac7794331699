/**
 * Speed and memory of `onnx-cpu` on a Llama with the sizes of SmolLM2-135M and random weights: embedding texts, and
 * the forward and backward pass of LoRA (rank 16, all seven linear layers, frozen weights), in tokens/s, and as a
 * share of what a lone matrix product reaches in the same seconds, which cancels what else the machine does.
 */
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inputParameters, rotaryTables, textEncoder } from "@espalier/encoder";
import { expectedTensors, parseConfig } from "@espalier/model";
import { chooseEngine } from "../../packages/engine/src/index.ts";
import {
  gradients,
  input,
  matmul,
  reduceSum,
  weight,
  type Executable,
  type Node,
  type Tensor,
  type WeightSource,
} from "../../packages/tensor/src/index.ts";

const config = parseConfig(
  JSON.stringify({
    model_type: "llama",
    num_hidden_layers: 30,
    hidden_size: 576,
    intermediate_size: 1536,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    vocab_size: 49_152,
    rms_norm_eps: 1e-5,
    rope_theta: 100_000,
  }),
);
const shapes = [
  [32, 16],
  [64, 16],
  [32, 32],
  [2, 512],
] as const;

function random(shape: readonly number[], size: number): Tensor {
  const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  for (let i = 0; i < data.length; i++) data[i] = (Math.random() * 2 - 1) * size;
  return { dtype: "f32", shape, data };
}

/** A bf16 checkpoint of random weights. */
async function writeWeights(file: string): Promise<Map<string, WeightSource>> {
  const sources = new Map<string, WeightSource>();
  const handle = await open(file, "w");
  let offset = 0;
  for (const [name, shape] of expectedTensors(config)) {
    if (name === "embed_tokens.weight") continue;
    const { data } = random(shape, 0.05);
    const halves = Uint16Array.from(new Uint32Array(data.buffer), (bits) => bits >>> 16);
    await handle.write(new Uint8Array(halves.buffer), 0, halves.byteLength, offset);
    sources.set(name, { file, offset, bytes: halves.byteLength, dtype: "BF16", shape });
    offset += halves.byteLength;
  }
  await handle.close();
  return sources;
}

const memory = async (): Promise<string> => {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const anonymous = /RssAnon:\s+(\d+)/.exec(status)?.[1];
  return `${((anonymous ? Number(anonymous) * 1024 : process.memoryUsage().rss) / 1e6).toFixed(0)} MB`;
};

/** Milliseconds that `work` takes. */
async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function measure(
  title: string,
  executable: Executable,
  trained: ReadonlyMap<string, Node>,
): Promise<void> {
  const reference = await chooseEngine("onnx-cpu").open({
    y: reduceSum(matmul(input("a", ["rows", 576]), input("b", [576, 1536])), [0]),
  });
  const product = { a: random([1024, 576], 1), b: random([576, 1536], 1) };
  // Multiplications and additions of the frozen weights alone: 2 each forward, 4 with the gradient of the input.
  let weights = 0;
  for (const [name, shape] of expectedTensors(config))
    if (name !== "embed_tokens.weight") weights += shape.reduce((a, b) => a * b, 1);
  const perToken = (trained.size > 0 ? 4 : 2) * weights;
  for (const [batch, length] of shapes) {
    const feeds: Record<string, Tensor> = {
      embeddings: random([batch, length, config.hiddenSize], 0.1),
      pooling: random([batch, length], 1),
      cotangent: random([batch, config.hiddenSize], 1),
      ...rotaryTables(config, length),
    };
    for (const [name, { shape }] of trained) feeds[name] = random(shape.map(Number), 0.02);
    const operations = perToken * batch * length;
    await executable.run(feeds);
    // By turns, so that both meet the same neighbours.
    const [own, lone] = [
      { ms: 0, operations: 0 },
      { ms: 0, operations: 0 },
    ];
    for (let i = 0; i < 4; i++) {
      own.ms += await time(async () => executable.run(feeds));
      own.operations += operations;
      while (lone.ms < own.ms / 2) {
        lone.ms += await time(async () => reference.run(product));
        lone.operations += 2 * 1024 * 576 * 1536;
      }
    }
    const reached = own.operations / own.ms / 1e6;
    const reachable = lone.operations / lone.ms / 1e6;
    console.log(
      `${title}, ${batch} texts of ${length}: ${((reached / perToken) * 1e9).toFixed(0)} tokens/s, ` +
        `${reached.toFixed(0)} GFLOP/s, ${((100 * reached) / reachable).toFixed(0)} % of a lone product, ${await memory()}`,
    );
  }
  await reference.close();
}

export async function engine(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  try {
    const sources = await writeWeights(join(folder, "weights"));
    console.log(`before: ${await memory()}`);
    const depths = [config.layers];
    const embedded = textEncoder(config, depths, { parameter: weight })[0];
    const forward = await chooseEngine("onnx-cpu").open({ embedded }, sources);
    await measure("embed", forward, new Map());

    const { parameter, nodes } = inputParameters();
    const adapter = { rank: 16, alpha: 32, parameter };
    const output = textEncoder(config, depths, { parameter: weight, adapter })[0];
    const steps = gradients([{ output, cotangent: input("cotangent", output.shape) }], [...nodes.values()]);
    const outputs = Object.fromEntries([...nodes.keys()].map((name, i) => [name, steps[i]]));
    const backward = await chooseEngine("onnx-cpu").open(outputs, sources);
    await measure("train LoRA", backward, nodes);
    await forward.close();
    await backward.close();
  } finally {
    await rm(folder, { recursive: true });
  }
}
