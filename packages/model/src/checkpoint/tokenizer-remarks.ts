import { JsonError, parseJson, type JsonObject, type JsonValue } from "./json.ts";

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const contentOf = (token: JsonValue): string | undefined => {
  const content = token instanceof Map ? token.get("content") : token;
  return typeof content === "string" ? content : undefined;
};

/** What tokenizer.json does, by its text, which is searched and not parsed: it may have 20 MB. */
const flagsOf = {
  do_lower_case: /"type":\s*"BertNormalizer"[^}]*?"lowercase":\s*(true|false)/,
  add_prefix_space: /"add_prefix_space":\s*(true|false)/,
} as const;

/**
 * Where tokenizer_config.json says something else than tokenizer.json, by which texts are tokenised here. AutoTokenizer of
 * transformers obeys the former in these points for some of its classes.
 * @param tokenizerJson text of tokenizer.json
 * @param configJson text of tokenizer_config.json
 */
export function tokenizerRemarks(tokenizerJson: string, configJson: string): string[] {
  const config = parsed(configJson);
  if (config === undefined) return [];
  const remarks: string[] = [];
  const missing = namedTokens(config).filter((token) => !tokenizerJson.includes(JSON.stringify(token)));
  if (missing.length > 0)
    remarks.push(
      `tokenizer_config.json names the special tokens ${missing.slice(0, 3).join(", ").slice(0, 200)}, which tokenizer.json does not have: texts that hold them are tokenised as plain text. Save the tokenizer with save_pretrained of transformers to have them.`,
    );
  for (const [field, pattern] of Object.entries(flagsOf)) {
    const asked = config.get(field);
    const does = pattern.exec(tokenizerJson)?.[1];
    if (typeof asked === "boolean" && does !== undefined && does !== String(asked))
      remarks.push(
        `tokenizer_config.json says ${field} ${asked}, and tokenizer.json does otherwise, which is what counts here. Save the tokenizer with save_pretrained of transformers if it is to be so.`,
      );
  }
  return remarks;
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text, { asPython: true });
    return value instanceof Map ? value : undefined;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function namedTokens(config: JsonObject): string[] {
  const decoder = config.get("added_tokens_decoder");
  const tokens = [
    ...(decoder instanceof Map ? decoder.values() : []),
    ...listOf(config.get("additional_special_tokens")),
    ...listOf(config.get("extra_special_tokens")),
  ];
  return [...new Set(tokens.map(contentOf).filter((token) => token !== undefined))];
}
