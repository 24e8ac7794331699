import { writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Pooling } from "@espalier/contract";

export interface SentenceTransformersOptions {
  readonly width: number;
  readonly pooling: Pooling;
  /** Tokens. */
  readonly maxLength: number;
  /** Those of the model that it was made from, by name. @default none */
  readonly prompts?: Readonly<Record<string, string>> | undefined;
  /** Whether vectors are scaled to length 1. @default true */
  readonly normalizes?: boolean | undefined;
  /**
   * Numbers of a vector that were trained. Releases before 6.2 do not take it from here: it says what to give to
   * `SentenceTransformer(folder, truncate_dim=…)`.
   * @default all
   */
  readonly dimensions?: number | undefined;
}

/** The names of poolings in `1_Pooling/config.json`, all of which readers expect. */
const modes: Readonly<Record<string, Pooling | undefined>> = {
  pooling_mode_cls_token: "cls",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_max_tokens: undefined,
  pooling_mode_mean_sqrt_len_tokens: undefined,
  pooling_mode_weightedmean_tokens: "weighted_mean",
  pooling_mode_lasttoken: "last_token",
};

const modulePackage = "sentence_transformers.models";

/**
 * Makes a folder of a transformers model one of sentence-transformers, in the spelling before release 5.4: later releases
 * read it too, and text-embeddings-inference and vLLM read no other.
 * @returns names of the files
 */
export async function writeSentenceTransformers(
  directory: string,
  { width, pooling, maxLength, prompts = {}, normalizes = true, dimensions }: SentenceTransformersOptions,
): Promise<string[]> {
  const modules = ["Transformer", "Pooling", ...(normalizes ? ["Normalize"] : [])].map((type, idx) => ({
    idx,
    name: `${idx}`,
    path: idx === 0 ? "" : `${idx}_${type}`,
    type: `${modulePackage}.${type}`,
  }));
  const files: Record<string, object> = {
    "modules.json": modules,
    "1_Pooling/config.json": {
      word_embedding_dimension: width,
      ...Object.fromEntries(Object.entries(modes).map(([name, mode]) => [name, mode === pooling])),
      include_prompt: true,
    },
    "sentence_bert_config.json": { max_seq_length: maxLength, do_lower_case: false },
    "config_sentence_transformers.json": {
      __version__: { sentence_transformers: "5.0.0" },
      prompts,
      default_prompt_name: null,
      similarity_fn_name: "cosine",
      ...(dimensions !== undefined && { truncate_dim: dimensions }),
    },
  };
  await mkdir(join(directory, "1_Pooling"), { recursive: true });
  for (const [name, content] of Object.entries(files))
    await writeFile(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
  return Object.keys(files);
}
