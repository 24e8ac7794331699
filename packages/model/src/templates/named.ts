import type { NamedTemplate } from "@espalier/contract";
import type { Template } from "./template.ts";

interface Entry extends Omit<Template, "name" | "separator" | "trims"> {
  /** Models on the hub that it was made for. */
  readonly models: readonly string[];
}

/**
 * The user turns that l3prune (thennal10/l3prune, `prepare_for_tokenization`) puts texts into, by the models that it
 * names. They are not the models' own chat templates: none opens with a system turn, and Gemma's BOS is written although
 * its tokenizer adds one. Phi-3 has none there.
 */
const entries: Readonly<Record<NamedTemplate, Entry>> = {
  "llama-3-instruct": {
    prefix: "<|start_header_id|>user<|end_header_id|>\n\n",
    suffix: "<|eot_id|>",
    models: ["meta-llama/Meta-Llama-3-8B-Instruct"],
  },
  "mistral-instruct": {
    prefix: "[INST] ",
    suffix: " [/INST]",
    models: ["mistralai/Mistral-7B-Instruct-v0.2"],
  },
  "llama-2-chat": {
    prefix: "[INST] ",
    suffix: " [/INST]",
    models: ["meta-llama/Llama-2-7b-chat-hf"],
  },
  "gemma-2-it": {
    prefix: "<bos><start_of_turn>user\n",
    suffix: "<end_of_turn>",
    models: ["google/gemma-2-9b-it"],
  },
  "qwen2-instruct": {
    prefix: "<|im_start|>user\n",
    suffix: "<|im_end|>",
    models: ["Qwen/Qwen2-1.5B-Instruct", "Qwen/Qwen2-7B-Instruct"],
  },
};

export function namedTemplate(name: NamedTemplate): Template {
  const { prefix, suffix } = entries[name];
  return { name, prefix, separator: "; ", suffix, trims: true };
}

/** The template for a model by its name on the hub, with or without its organisation; undefined for any other. */
export function templateForModel(model: string): Template | undefined {
  const wanted = model.toLowerCase();
  for (const [name, { models }] of Object.entries(entries) as [NamedTemplate, Entry][]) {
    const isIt = models
      .map((known) => known.toLowerCase())
      .some((known) => known === wanted || known.endsWith(`/${wanted}`));
    if (isIt) return namedTemplate(name);
  }
  return undefined;
}
