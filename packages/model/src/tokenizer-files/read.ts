import { Problem } from "@espalier/contract";
import { JsonError, parseJson, type JsonObject } from "../checkpoint/json.ts";
import { findText, type ModelSource } from "../files/read-text.ts";
import type { Beside } from "./added.ts";

export const tokenizerFile = "tokenizer.json";
export const tokenizerConfigFile = "tokenizer_config.json";
const maxBytes = 1024 * 1024;

/**
 * What lies beside a folder's tokenizer.json and says how it is read.
 * @throws {Problem} `tokenizer/malformed` for what is no JSON object
 */
export async function readBeside(source: ModelSource): Promise<Beside> {
  const find = async (file: string) => {
    const text = await findText(source, file, maxBytes);
    return text === undefined ? undefined : objectOf(text, file);
  };
  const config = (await find(tokenizerConfigFile)) ?? new Map();
  const model = await find("config.json");
  // They are of older releases, and read by none where the former has its own list.
  if (config.has("added_tokens_decoder")) return { config, model };
  return {
    config,
    model,
    specialTokens: await find("special_tokens_map.json"),
    addedTokens: await find("added_tokens.json"),
  };
}

/** @throws {Problem} `tokenizer/malformed` */
export function objectOf(text: string, file: string, spellings?: Map<string, string>): JsonObject {
  const malformed = (what: string) => new Problem("tokenizer/malformed", `${file}: ${what}`, { file });
  try {
    // The library's own reader allows the same depth.
    const value = parseJson(text, { maxDepth: 127, asPython: true, ...(spellings && { spellings }) });
    if (value instanceof Map) return value;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw malformed(`it is not valid JSON: ${error.message} (character ${error.position})`);
  }
  throw malformed("the file is not an object");
}
