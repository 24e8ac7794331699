import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectedTensors } from "../architectures/tensors.ts";
import { narrow, type WeightDtype } from "../checkpoint/dtype.ts";
import { parseConfig } from "../checkpoint/config.ts";
import { writeSafetensors, type TensorSource } from "../checkpoint/safetensors-writer.ts";

/** A folder that is removed when the test ends, as `await using`. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "espalier-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** config.json of a Llama with 4 layers and 14,000 parameters. */
export const tinyConfig = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 32,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  hidden_act: "silu",
  tie_word_embeddings: true,
  torch_dtype: "float32",
};

export interface TinyModelOptions {
  readonly config?: Record<string, unknown>;
  readonly dtype?: WeightDtype;
  readonly prefix?: string;
  /** Number of safetensors files. @default 1 */
  readonly shards?: number;
  /** Changes one value of each tensor where it answers. */
  readonly value?: (name: string, element: number) => number | undefined;
}

/** Writes a complete small model folder with values that depend on the name and place of each weight alone. */
export async function writeTinyModel(directory: string, options: TinyModelOptions = {}): Promise<void> {
  const { dtype = "F32", prefix = "model.", shards = 1, value } = options;
  await mkdir(directory, { recursive: true });
  const text = JSON.stringify({ ...tinyConfig, ...options.config });
  const config = parseConfig(text);
  const shapes = expectedTensors(config);
  if (!config.tiedEmbeddings) shapes.set("lm_head.weight", [config.vocabularySize, config.hiddenSize]);
  const tensors = [...shapes].map(([key, shape], seed): TensorSource => {
    const name = key === "lm_head.weight" ? key : prefix + key;
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const values = Float32Array.from(
      { length: size },
      (_, i) => value?.(key, i) ?? Math.sin(seed * 1000 + i) / 4,
    );
    return { name, dtype, shape, chunks: () => [narrow(values, dtype)] };
  });
  await writeFile(join(directory, "config.json"), text);
  await writeFile(
    join(directory, "tokenizer.json"),
    JSON.stringify({ model: { type: "BPE", vocab: { a: 0, b: 31 }, merges: [] }, added_tokens: [] }),
  );
  // The class that an architecture has by default would add tokens to it.
  await writeFile(
    join(directory, "tokenizer_config.json"),
    JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" }),
  );
  if (shards === 1) {
    await writeSafetensors(join(directory, "model.safetensors"), tensors);
    return;
  }
  const weights: Record<string, string> = {};
  const perShard = Math.ceil(tensors.length / shards);
  for (let i = 0; i < shards; i++) {
    const name = `model-0000${i + 1}-of-0000${shards}.safetensors`;
    const part = tensors.slice(i * perShard, (i + 1) * perShard);
    await writeSafetensors(join(directory, name), part);
    for (const tensor of part) weights[tensor.name] = name;
  }
  await writeFile(
    join(directory, "model.safetensors.index.json"),
    JSON.stringify({ metadata: {}, weight_map: weights }),
  );
}
