import { own } from "../checkpoint/fits.ts";
import { JsonError, parseJson, type JsonObject, type JsonValue } from "../checkpoint/json.ts";
import type { Beside, Vocabulary } from "./added.ts";
import { completed, type Completed } from "./completed.ts";

/** Parts of a model that are as large as its vocabulary, and that no other file changes. */
const large = new Set(["vocab", "merges"]);

/**
 * A tokenizer without its vocabulary as the files beside it complete it, for readers that load none; undefined for what is not
 * understood, which is for the reader of tokenizers to refuse.
 * @param parsed tokenizer.json as `JSON.parse` reads it
 */
export function outlineOf(parsed: unknown, beside: Beside): Completed | undefined {
  try {
    const root = small(parsed, (key, value) =>
      key === "model" ? small(value, withoutLarge) : jsonOf(value),
    );
    return root && completed(root, beside, vocabularyOf(own(own(parsed, "model"), "vocab")));
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

const withoutLarge = (key: string, value: unknown): JsonValue => (large.has(key) ? [] : jsonOf(value));

const jsonOf = (value: unknown): JsonValue => parseJson(JSON.stringify(value), { maxDepth: 127 });

function small(
  value: unknown,
  of: (key: string, value: unknown) => JsonValue | undefined,
): JsonObject | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([key, item]) => [key, of(key, item) ?? null]));
}

function vocabularyOf(words: unknown): Vocabulary {
  if (Array.isArray(words)) {
    const places = new Map(words.map((entry: unknown, id) => [own(entry, "0"), id]));
    return { size: words.length, idOf: (token) => places.get(token) };
  }
  return {
    size: Object.keys(words ?? {}).length,
    idOf(token) {
      const id = own(words, token);
      return typeof id === "number" ? id : undefined;
    },
  };
}
