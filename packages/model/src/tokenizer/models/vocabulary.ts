import type { JsonObject } from "../../checkpoint/json.ts";
import { isId, type Part } from "../part.ts";

export type Vocabulary = ReadonlyMap<string, number>;

/** Reads a `vocab` that maps tokens to ids. */
export function readVocabulary(part: Part): Vocabulary {
  const entries: JsonObject = part.entries("vocab");
  for (const [token, id] of entries)
    if (!isId(id)) part.refuse(`gives ${JSON.stringify(token)} an id that is not a whole number`);
  return entries as ReadonlyMap<string, number>;
}

/** The ids of the tokens `<0x00>` to `<0xFF>`, which spell characters without a token; undefined for missing ones. */
export function byteTokens(vocabulary: Vocabulary): (number | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) =>
    vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
  );
}
