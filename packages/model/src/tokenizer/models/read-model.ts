import type { Part } from "../part.ts";
import { readBytePairs } from "./byte-pairs.ts";
import type { Model } from "./model.ts";
import { readUnigram } from "./unigram.ts";
import { readWordLevel } from "./word-level.ts";
import { readWordPiece } from "./word-piece.ts";

/** Reads the `model` of tokenizer.json; old files do not name its type. */
export function readModel(part: Part): Model {
  const type = part.has("type") ? part.string("type") : guess(part);
  switch (type) {
    case "BPE":
      return readBytePairs(part);
    case "Unigram":
      return readUnigram(part);
    case "WordPiece":
      return readWordPiece(part);
    case "WordLevel":
      return readWordLevel(part);
    default:
      return part.refuse(`is of the type ${JSON.stringify(type)}, which is not supported`);
  }
}

function guess(part: Part): string {
  if (Array.isArray(part.value("vocab"))) return "Unigram";
  if (part.value("merges") !== undefined) return "BPE";
  return part.value("continuing_subword_prefix") === undefined ? "WordLevel" : "WordPiece";
}
