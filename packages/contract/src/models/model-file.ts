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

/** Where releases and model families of sentence-transformers put the settings of the Transformer; the first that is there counts. */
export const transformerFiles = [
  "sentence_bert_config.json",
  "sentence_roberta_config.json",
  "sentence_distilbert_config.json",
  "sentence_camembert_config.json",
  "sentence_albert_config.json",
  "sentence_xlm-roberta_config.json",
  "sentence_xlnet_config.json",
] as const;

/** Files in which sentence-transformers says how a model's hidden states become vectors. */
export const sentenceTransformersFiles = [
  modulesFile,
  ...transformerFiles,
  "config_sentence_transformers.json",
  poolingFile,
] as const;

/** Where a model that was trained here says how it turns texts into vectors. */
export const recordFile = "espalier.json";

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
  recordFile,
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
  if (all.includes(adapterFile) && all.includes("config.json"))
    throw new Problem(
      "config/unsupported",
      `beside the model there is an adapter, which changes its vectors; merge it first with espalier prune, keeping all layers`,
      { file: adapterFile },
    );
  const chosen = all.filter(isModelFile).sort();
  for (const file of ["config.json", "tokenizer.json"]) {
    if (!chosen.includes(file))
      throw new Problem("checkpoint/incomplete", `${file} is missing${insteadOf(file, all)}`, { file });
  }
  if (!chosen.includes("model.safetensors") && !chosen.includes("model.safetensors.index.json")) {
    throw new Problem("checkpoint/incomplete", withoutWeights(all), { file: "model.safetensors" });
  }
  return chosen;
}

/** @param names of all that lies in the folder or the repository */
export const withoutWeights = (names: Iterable<string>): string =>
  `there is no model.safetensors and no model.safetensors.index.json${insteadOf("model.safetensors", names)}`;

/** Vocabularies of which transformers makes a tokenizer.json. */
export const vocabularyFiles = [
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.bpe.model",
  "vocab.txt",
  "vocab.json",
] as const;

const save = (loader: string) =>
  `run in the folder: python -c "from transformers import ${loader} as A; A.from_pretrained('.').save_pretrained('.')"`;

const saveAll = `python -c "from sentence_transformers import SentenceTransformer as S; S('.').save_pretrained('OUT')"`;

/**
 * What is there instead of a file that a model cannot do without, and what helps; empty where nothing tells.
 * @param names of all that lies in the folder or the repository; of the hub's cache also those in `snapshots`
 */
export function insteadOf(file: string, names: Iterable<string>): string {
  const all = [...names];
  const find = (pattern: RegExp) =>
    all.find((name) => pattern.test(name) && !isModelFile(name))?.slice(0, 120);
  if (file === "config.json") {
    const snapshot = find(/^snapshots\/./) ?? find(/^snapshots$/);
    if (snapshot !== undefined) return `; this is a folder of the hub's cache, give ${snapshot} in it`;
    const cached = find(/^models--/);
    if (cached !== undefined) return `; this is the hub's cache, give ${cached}/snapshots/COMMIT in it`;
    const inside = find(/^0_\w+(\/|$)/)?.split("/")[0];
    if (inside !== undefined && all.includes(modulesFile))
      return `; an early release of sentence-transformers put it in ${inside}: write the folder again by ${saveAll}`;
    if (all.includes(adapterFile))
      return `; this is an adapter without its base: copy ${adapterFile} and adapter_model.safetensors into the folder of the model that base_model_name_or_path in ${adapterFile} names`;
  }
  const gguf = find(/\.gguf$/);
  if (gguf !== undefined && file !== "tokenizer.json")
    return `, only ${gguf}, which is for llama.cpp; take the safetensors of the model that it was made from`;
  if (file === "tokenizer.json") {
    const vocabulary = vocabularyFiles.find((name) => all.includes(name));
    if (vocabulary !== undefined) return `, only ${vocabulary}; to make it, ${save("AutoTokenizer")}`;
  }
  if (file === "adapter_model.safetensors" && all.includes("adapter_model.bin"))
    return ", only adapter_model.bin, which can run code where it is loaded; load the adapter in PEFT and write it again by save_pretrained";
  if (file === "model.safetensors") {
    const weights = find(otherWeights);
    if (weights !== undefined)
      return `, only ${weights}, which is not read; to write safetensors, ${save("AutoModel")}`;
  }
  return "";
}

/** What to give in place of a file, where a model's folder is needed. */
export function insteadOfFile(name: string): string {
  if (/\.(zip|tar|tgz|tar\.\w+|7z|rar)$/i.test(name)) return "unpack it and give the folder";
  if (/\.gguf$/i.test(name))
    return "GGUF is for llama.cpp; give the folder of the model that it was made from";
  if (/^adapter_(config\.json|model\.)/.test(name))
    return "it is a part of an adapter: merge it into its base with `espalier prune`, keeping all layers, and give the result";
  if (otherWeights.test(name) || /\.json$/i.test(name)) return "give the folder that holds it";
  return "give the Hugging Face folder that holds config.json, or hf:ORG/NAME for a model of the hub";
}
