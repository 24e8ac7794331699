import { copyFile, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectedTensors, parseConfig } from "@espalier/model";
import type { ModelSize } from "../../packages/contract/src/index.ts";

/** The sizes of a Llama, as its config names them. */
export interface Shape {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly vocabulary: number;
}

/** HuggingFaceTB/SmolLM2-135M, of its config.json. */
export const smolLm2: Shape = {
  layers: 30,
  hidden: 576,
  intermediate: 1536,
  heads: 9,
  keyHeads: 3,
  vocabulary: 49_152,
};

/** The demo's tokenizer, whose ids are all below the vocabularies above. */
const tokenizer = join(import.meta.dirname, "../../apps/cli/demo/model");

const configOf = ({ layers, hidden, intermediate, heads, keyHeads, vocabulary }: Shape): string =>
  JSON.stringify({
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    num_hidden_layers: layers,
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    vocab_size: vocabulary,
    rms_norm_eps: 1e-5,
    rope_theta: 100_000,
    tie_word_embeddings: true,
    torch_dtype: "bfloat16",
  });

/** Writes a Hugging Face folder of random bf16 weights. */
export async function writeModel(folder: string, shape: Shape): Promise<ModelSize> {
  await mkdir(folder, { recursive: true });
  const text = configOf(shape);
  await writeFile(join(folder, "config.json"), text);
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    await copyFile(join(tokenizer, name), join(folder, name));
  const tensors = expectedTensors(parseConfig(text));
  const header: Record<string, object> = {};
  let [offset, parameters] = [0, 0];
  for (const [name, dims] of tensors) {
    const count = dims.reduce((product, dim) => product * dim, 1);
    header[`model.${name}`] = { dtype: "BF16", shape: dims, data_offsets: [offset, offset + 2 * count] };
    offset += 2 * count;
    parameters += count;
  }
  const json = Buffer.from(JSON.stringify(header));
  const file = await open(join(folder, "model.safetensors"), "w");
  try {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    await file.write(length);
    await file.write(json);
    for (const dims of tensors.values()) await file.write(randomHalves(dims));
  } finally {
    await file.close();
  }
  return { layers: shape.layers, hiddenSize: shape.hidden, vocabularySize: shape.vocabulary, parameters };
}

/** bf16 between -0.05 and 0.05, a million of them over and over; vectors, which are those of norms, are 1. */
function randomHalves(dims: readonly number[]): Uint8Array {
  const halves = new Uint16Array(dims.reduce((product, dim) => product * dim, 1));
  if (dims.length === 1) halves.fill(0x3f80);
  else
    for (let at = 0; at < halves.length; at += random.length)
      halves.set(random.subarray(0, halves.length - at), at);
  return new Uint8Array(halves.buffer);
}

const random = Uint16Array.from(
  new Uint32Array(Float32Array.from({ length: 999_983 }, () => 0.1 * Math.random() - 0.05).buffer),
  (bits) => bits >>> 16,
);
