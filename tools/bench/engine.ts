/**
 * Speed of every engine that is installed for the processor, on a Llama with the sizes of SmolLM2-135M and random weights:
 * embedding texts, and whole steps of LoRA (rank 16, all seven linear layers) over 32 triplets, with activations kept and
 * computed again. All take turns in the same seconds, beside a lone matrix product, so that ratios cancel what else the
 * machine does.
 */
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { GradCache, lora, rotaryTables, textEncoder, type LoadedModel } from "@espalier/encoder";
import { expectedTensors, parseConfig } from "@espalier/model";
import { chooseEngine, installedEngines, probeEngines } from "../../packages/engine/src/index.ts";
import {
  input,
  matmul,
  reduceSum,
  weight,
  type Engine,
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

/** Multiplications and additions of the weights alone for each token of a forward pass. */
const forwardOperations =
  2 *
  [...expectedTensors(config)]
    .filter(([name]) => name !== "embed_tokens.weight")
    .reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);

interface Contender {
  readonly name: string;
  /** Operations that its result needs at least. */
  readonly operations: number;
  readonly tokens: number;
  readonly run: () => Promise<unknown>;
}

const lone = chooseEngine("onnx-cpu").open({
  y: reduceSum(matmul(input("a", ["rows", 576]), input("b", [576, 1536])), [0]),
});

/** Lets all run by turns, so that they meet the same neighbours, and prints what each reaches. */
async function compare(title: string, contenders: readonly Contender[], turns: number): Promise<void> {
  const product = { a: random([1024, 576], 1), b: random([576, 1536], 1) };
  const reference = await lone;
  const taken = new Map(contenders.map(({ name }) => [name, 0]));
  let [loneMs, loneOperations] = [0, 0];
  for (const { run } of contenders) await run();
  for (let turn = 0; turn < turns; turn++)
    for (const { name, run } of contenders) {
      taken.set(name, taken.get(name)! + (await time(run)));
      for (let i = 0; i < 40; i++) {
        loneMs += await time(async () => reference.run(product));
        loneOperations += 2 * 1024 * 576 * 1536;
      }
    }
  const reachable = loneOperations / loneMs / 1e6;
  console.log(`\n${title}; a lone product reaches ${reachable.toFixed(0)} GFLOP/s`);
  const first = taken.get(contenders[0].name)!;
  for (const { name, operations, tokens } of contenders) {
    const ms = taken.get(name)!;
    const reached = (operations * turns) / ms / 1e6;
    console.log(
      `  ${name.padEnd(34)} ${((1000 * tokens * turns) / ms).toFixed(0).padStart(6)} tokens/s ${reached.toFixed(0).padStart(5)} GFLOP/s ` +
        `${((100 * reached) / reachable).toFixed(0).padStart(4)} % of the product ${(first / ms).toFixed(2).padStart(6)} of the first`,
    );
  }
}

async function embedding(
  engines: readonly Engine[],
  sources: ReadonlyMap<string, WeightSource>,
): Promise<void> {
  const embedded = textEncoder(config, [config.layers], { parameter: weight })[0];
  const opened = await Promise.all(engines.map((each) => each.open({ embedded }, sources)));
  for (const [batch, length] of shapes) {
    const feeds: Record<string, Tensor> = {
      embeddings: random([batch, length, config.hiddenSize], 0.1),
      pooling: random([batch, length], 1),
      ...rotaryTables(config, length),
    };
    await compare(
      `embed ${batch} texts of ${length} tokens`,
      opened.map((executable, i) => ({
        name: engines[i].name,
        tokens: batch * length,
        operations: forwardOperations * batch * length,
        run: async () => executable.run(feeds),
      })),
      4,
    );
  }
  for (const executable of opened) await executable.close();
}

/** A whole step: forward, loss, backward. Without activations kept it is what GradCache does. */
async function training(
  engines: readonly Engine[],
  sources: ReadonlyMap<string, WeightSource>,
): Promise<void> {
  const vector = random([config.hiddenSize], 0.1).data as Float32Array;
  const model = {
    config,
    weights: sources,
    embedding: {
      width: config.hiddenSize,
      gather(ids: ArrayLike<number>, rows: Float32Array) {
        for (let i = 0; i < ids.length; i++)
          rows.set(
            vector.map((value) => value * Math.sin(ids[i])),
            i * config.hiddenSize,
          );
      },
    },
  } as unknown as LoadedModel;
  const [triplets, length] = [32, 16];
  const texts = Array.from({ length: 3 * triplets }, (_, text) => ({
    ids: Int32Array.from({ length }, (_id, i) => 1 + text * length + i),
    start: 0,
    end: length,
  }));
  const trainable = lora(model, { rank: 16, alpha: 32, seed: 1 });
  const parameters = await trainable.start();
  const contenders: Contender[] = [];
  const caches: GradCache[] = [];
  for (const each of engines)
    for (const keptBytes of [0, 4 * 2 ** 30]) {
      const cache = await GradCache.open({
        model,
        engine: each,
        pooling: "mean",
        trainable,
        scale: 50,
        chunkTokens: 1024,
        keptBytes,
      });
      caches.push(cache);
      const tokens = texts.length * length;
      contenders.push({
        name: `${each.name}, ${keptBytes > 0 ? "activations kept" : "computed again"}`,
        tokens,
        operations: 2 * forwardOperations * tokens,
        run: async () => cache.step(texts, triplets, parameters),
      });
    }
  await compare(`train LoRA on ${triplets} triplets of ${length} tokens a text`, contenders, 3);
  for (const cache of caches) await cache.close();
}

export async function engine(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  try {
    const [{ model: processor }] = cpus();
    console.log(`${processor}, ${availableParallelism()} cores; Node ${process.version}`);
    const names = installedEngines("cpu");
    for (const [name, probe] of probeEngines("cpu"))
      console.log(`${name}: ${probe.installed ? probe.what : probe.missing}`);
    const sources = await writeWeights(join(folder, "weights"));
    const engines = names.map((name) => chooseEngine(name));
    await embedding(engines, sources);
    await training(engines, sources);
    console.log(`\n${await memory()} resident at the end`);
    await (await lone).close();
  } finally {
    await rm(folder, { recursive: true });
  }
}
