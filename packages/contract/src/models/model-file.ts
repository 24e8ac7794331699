import { Problem } from "../problem.ts";

/** `model-00001-of-00004.safetensors` */
export const shardName = /^model-\d{5}-of-\d{5}\.safetensors$/;

/** Where sentence-transformers says how a model pools. */
export const poolingFile = "1_Pooling/config.json";

/** A file of a module of sentence-transformers after pooling; these and {@link poolingFile} are in folders of their own. */
const moduleFile = /^[2-9]_(?:Dense|LayerNorm)\/(?:config\.json|model\.safetensors)$/;

/** Whether a file says how sentence-transformers makes vectors of hidden states. */
export const isModuleFile = (name: string): boolean => name === poolingFile || moduleFile.test(name);

/** Where sentence-transformers says what a model is made of. */
export const modulesFile = "modules.json";

/** Files in which sentence-transformers says how a model's hidden states become vectors. */
export const sentenceTransformersFiles = [
  modulesFile,
  "sentence_bert_config.json",
  "sentence_roberta_config.json",
  "sentence_xlm-roberta_config.json",
  "config_sentence_transformers.json",
  poolingFile,
] as const;

/** What a Hugging Face model folder may hold beside shards. Pickles and code never belong to one. */
export const modelFileNames = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "tokenizer.model",
  "sentencepiece.bpe.model",
  "spiece.model",
  "vocab.txt",
  "chat_template.jinja",
  "chat_template.json",
  "model.safetensors",
  "model.safetensors.index.json",
  ...sentenceTransformersFiles,
] as const;

/** Whether a file of this name belongs to a model folder. Everything else in a folder is left alone, never read. */
export const isModelFile = (name: string): boolean =>
  (modelFileNames as readonly string[]).includes(name) || shardName.test(name) || isModuleFile(name);

/** PEFT's name. */
const adapterFile = "adapter_config.json";

/** Weights in formats that are not read here, most of them because loading them can run code. */
const otherWeights = /\.(bin|pt|pth|ckpt|pkl|h5|msgpack|gguf|npz|onnx|safetensors)$/;

/**
 * The files of a folder or repository that make the model, sorted.
 * @throws {Problem} `checkpoint/incomplete` for the first file that a model cannot do without
 */
export function chooseModelFiles(names: Iterable<string>): string[] {
  const all = [...names];
  if (all.includes(adapterFile))
    throw new Problem(
      "config/unsupported",
      `beside the model there is an adapter, which changes its vectors; merge it first with espalier prune, keeping all layers`,
      { file: adapterFile },
    );
  const chosen = all.filter(isModelFile).sort();
  for (const file of ["config.json", "tokenizer.json"]) {
    if (!chosen.includes(file)) throw new Problem("checkpoint/incomplete", `${file} is missing`, { file });
  }
  if (!chosen.includes("model.safetensors") && !chosen.includes("model.safetensors.index.json")) {
    const other = all.find((name) => otherWeights.test(name) && !isModelFile(name));
    const instead =
      other === undefined
        ? ""
        : `, only ${other.slice(0, 80)}, which is not read; save the model with save_pretrained of transformers`;
    throw new Problem(
      "checkpoint/incomplete",
      `there is no model.safetensors and no model.safetensors.index.json${instead}`,
      { file: "model.safetensors" },
    );
  }
  return chosen;
}
