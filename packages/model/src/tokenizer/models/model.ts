import type { Part } from "../part.ts";
import { readBytePairs } from "./byte-pairs.ts";
import { readUnigram } from "./unigram.ts";
import { readWordLevel } from "./word-level.ts";
import { readWordPiece } from "./word-piece.ts";

/** Turns pieces of text into ids. */
export interface Model {
  /** Entries of the vocabulary. */
  readonly size: number;
  idOf(token: string): number | undefined;
  /** Pushes the ids of a piece that is not empty. */
  encode(piece: string, ids: number[]): void;
  /** The parts of a piece that are encoded by themselves, whatever is beside them. */
  separate?(piece: string): readonly string[];
}

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
