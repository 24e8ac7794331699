import { malformed, type Part } from "../part.ts";
import { Merger, Merges } from "./merges.ts";
import type { Model } from "./model.ts";
import { byteTokens, readVocabulary, type Vocabulary } from "./vocabulary.ts";

const encoder = new TextEncoder();

/**
 * Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909): characters are merged in the order in which the merges
 * were learned.
 */
export function readBytePairs(part: Part): Model {
  const dropout = part.value("dropout") ?? 0;
  if (dropout !== 0) part.refuse("has a dropout, so that the ids of a text are left to chance");
  const vocabulary = readVocabulary(part);
  const prefix = part.optionalString("continuing_subword_prefix") ?? "";
  const merges = readMerges(part, vocabulary, prefix);
  return new BytePairs({
    vocabulary,
    merges: new Merges(merges.triples),
    separable: !merges.crossesWords,
    prefix,
    suffix: part.optionalString("end_of_word_suffix") ?? "",
    unknown: part.optionalString("unk_token"),
    fuses: part.optionalFlag("fuse_unk", false),
    bytes: part.optionalFlag("byte_fallback", false) ? byteTokens(vocabulary) : undefined,
    takesWhole: part.optionalFlag("ignore_merges", false),
  });
}

/** The meta symbol, which stands for a space in SentencePiece. */
const metaSymbol = "\u2581";
const metaSymbolUnit = 0x2581;

interface ReadMerges {
  /** Left, right and merged id of each rank. */
  readonly triples: Int32Array;
  /** Whether a merge makes a token with a meta symbol that is not at its beginning. */
  readonly crossesWords: boolean;
}

function readMerges(part: Part, vocabulary: Vocabulary, prefix: string): ReadMerges {
  let list = part.list("merges");
  if (typeof list[0] === "string")
    list = list.filter((line) => typeof line !== "string" || !line.startsWith("#version"));
  const triples = new Int32Array(3 * list.length);
  const id = (token: string): number =>
    vocabulary.get(token) ?? part.refuse(`merges ${JSON.stringify(token)}, which is not in the vocabulary`);
  let crossesWords = false;
  const isText = typeof list[0] === "string";
  for (const [rank, entry] of list.entries()) {
    const pair = isText && typeof entry === "string" ? entry.split(" ") : entry;
    if (!Array.isArray(pair) || pair.length !== 2 || (typeof entry === "string") !== isText)
      part.refuse(`has a merge of other than two tokens at ${rank}`);
    const [left, right] = pair;
    if (typeof left !== "string" || typeof right !== "string")
      part.refuse(`has a merge of other than two tokens at ${rank}`);
    if (!right.startsWith(prefix))
      part.refuse(`has a merge whose second token does not start with ${prefix}`);
    const merged = left + right.slice(prefix.length);
    triples[3 * rank] = id(left);
    triples[3 * rank + 1] = id(right);
    triples[3 * rank + 2] = id(merged);
    crossesWords ||= merged.lastIndexOf(metaSymbol) > 0 && /[^\u2581]\u2581/.test(merged);
  }
  return { triples, crossesWords };
}

interface BytePairsOptions {
  readonly vocabulary: Vocabulary;
  readonly merges: Merges;
  /** Whether no merge joins a meta symbol to a character before it. */
  readonly separable: boolean;
  readonly prefix: string;
  readonly suffix: string;
  readonly unknown: string | undefined;
  readonly fuses: boolean;
  readonly bytes: readonly (number | undefined)[] | undefined;
  /** A piece that is in the vocabulary is one token, whatever the merges say. */
  readonly takesWhole: boolean;
}

class BytePairs implements Model {
  readonly #options: BytePairsOptions;
  readonly #merger: Merger;
  /** Whether a long piece can be encoded word by word, so that the cache holds its words. */
  readonly #separable: boolean;

  constructor(options: BytePairsOptions) {
    this.#options = options;
    this.#merger = new Merger(options.merges);
    const { separable, prefix, suffix, vocabulary } = options;
    this.#separable = separable && prefix === "" && suffix === "" && vocabulary.has(metaSymbol);
  }

  get size(): number {
    return this.#options.vocabulary.size;
  }

  idOf(token: string): number | undefined {
    return this.#options.vocabulary.get(token);
  }

  encode(piece: string, ids: number[]): void {
    const { takesWhole, vocabulary } = this.#options;
    const whole = takesWhole ? vocabulary.get(piece) : undefined;
    if (whole !== undefined) ids.push(whole);
    else {
      const symbols = this.#symbols(piece);
      if (symbols.length > 0) this.#merger.merge(symbols, ids);
    }
  }

  /** Cuts a piece where no merge joins two characters. */
  separate(piece: string): readonly string[] {
    const parts: string[] = [];
    let start = 0;
    if (this.#separable) {
      for (let at = piece.indexOf(metaSymbol, 1); at >= 0; at = piece.indexOf(metaSymbol, at + 1)) {
        if (piece.charCodeAt(at - 1) === metaSymbolUnit) continue;
        parts.push(piece.slice(start, at));
        start = at;
      }
    }
    parts.push(start === 0 ? piece : piece.slice(start));
    return parts;
  }

  #symbols(piece: string): number[] {
    const { vocabulary, prefix, suffix, bytes, unknown, fuses } = this.#options;
    const symbols: number[] = [];
    let pending = -1;
    let at = 0;
    for (const character of piece) {
      const isFirst = at === 0;
      at += character.length;
      let symbol = isFirst ? character : prefix + character;
      if (at === piece.length) symbol += suffix;
      const id = vocabulary.get(symbol);
      if (id !== undefined) {
        if (pending >= 0) symbols.push(pending);
        pending = -1;
        symbols.push(id);
        continue;
      }
      const spelled = bytes && spell(symbol, bytes);
      if (spelled !== undefined) {
        // An unknown character that is still pending comes after the bytes, as in the library.
        symbols.push(...spelled);
      } else if (unknown !== undefined) {
        if (pending >= 0 && !fuses) symbols.push(pending);
        if (pending < 0 || !fuses) pending = this.#unknownId(unknown);
      }
    }
    if (pending >= 0) symbols.push(pending);
    return symbols;
  }

  #unknownId(token: string): number {
    const id = this.#options.vocabulary.get(token);
    if (id === undefined)
      throw malformed(`the unknown token ${JSON.stringify(token)} is not in the vocabulary`);
    return id;
  }
}

function spell(symbol: string, bytes: readonly (number | undefined)[]): number[] | undefined {
  const ids: number[] = [];
  for (const byte of encoder.encode(symbol)) {
    const id = bytes[byte];
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}
