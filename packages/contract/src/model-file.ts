/** `model-00001-of-00004.safetensors` */
export const shardName = /^model-\d{5}-of-\d{5}\.safetensors$/;

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
  "chat_template.jinja",
  "chat_template.json",
  "model.safetensors",
  "model.safetensors.index.json",
] as const;

/** Whether a file of this name belongs to a model folder. Everything else in a folder is left alone, never read. */
export const isModelFile = (name: string): boolean =>
  (modelFileNames as readonly string[]).includes(name) || shardName.test(name);
