import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatJson, parseJson, rewrittenTokenizer, type JsonObject } from "@espalier/model";

const file = "tokenizer_config.json";

/**
 * Makes other libraries tokenise as the trainer did: by `tokenizer.json` alone, padded on the right with a token that
 * exists. Writes `tokenizer_config.json`, which keeps whatever else it said.
 * @param maxLength tokens
 */
export async function fixTokenizerConfig(directory: string, maxLength: number): Promise<void> {
  for (const [name, text] of await rewrittenTokenizer(directory, { plain: true }))
    await writeFile(join(directory, name), text);
  const config = await readObject(directory, file);
  const tokenizer = await readObject(directory, "tokenizer.json");
  config.set("padding_side", "right");
  config.set("model_max_length", maxLength);
  // Written by other classes; they would ask for code or for files that the fast tokenizer does not need.
  for (const key of ["auto_map", "tokenizer_file", "vocab_file", "backend"]) config.delete(key);
  if ((config.get("pad_token") ?? null) === null) {
    const padding =
      contentOf(config.get("eos_token")) ?? contentOf(config.get("unk_token")) ?? firstToken(tokenizer);
    if (padding !== undefined) config.set("pad_token", padding);
  }
  await writeFile(join(directory, file), formatJson(config));
}

async function readObject(directory: string, name: string): Promise<JsonObject> {
  const text = await readFile(join(directory, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  const value = parseJson(text, { asPython: true });
  return value instanceof Map ? value : new Map();
}

/** A token is spelled as a string or as an object with its content. */
function contentOf(token: unknown): string | undefined {
  const content = token instanceof Map ? (token as JsonObject).get("content") : token;
  return typeof content === "string" ? content : undefined;
}

/** Any token of the vocabulary: padding is never looked at, but must have an id. */
function firstToken(tokenizer: JsonObject): string | undefined {
  const added = tokenizer.get("added_tokens");
  const special = Array.isArray(added) ? contentOf(added[0]) : undefined;
  if (special !== undefined) return special;
  const model = tokenizer.get("model");
  const vocabulary = model instanceof Map ? model.get("vocab") : undefined;
  if (vocabulary instanceof Map) return vocabulary.keys().next().value;
  const [first] = Array.isArray(vocabulary) ? vocabulary : [];
  return Array.isArray(first) && typeof first[0] === "string" ? first[0] : undefined;
}
