import { isId, malformed, type Part } from "../part.ts";
import { Trie } from "../trie.ts";
import type { Model } from "./model.ts";
import { byteTokens } from "./vocabulary.ts";

/** How much less likely an unknown character is than the least likely token. */
const unknownPenalty = 10;

const encoder = new TextEncoder();

/**
 * The most likely way to split a text by the likelihood of each token (Kudo 2018, arXiv:1804.10959), found by the
 * Viterbi algorithm from left to right. Where two ways are equally likely, the one that is found first is taken.
 */
export function readUnigram(part: Part): Model {
  const scores: number[] = [];
  const vocabulary = new Map<string, number>();
  let least = Number.POSITIVE_INFINITY;
  for (const [id, entry] of part.list("vocab").entries()) {
    const [token, score] = Array.isArray(entry) && entry.length === 2 ? entry : [];
    if (typeof token !== "string" || typeof score !== "number")
      part.refuse(`has an entry at ${id} of its vocabulary that is not a token and its score`);
    vocabulary.set(token, id);
    scores.push(score);
    least = Math.min(least, score);
  }
  const unknown = part.value("unk_id");
  if (unknown !== undefined && !(isId(unknown) && unknown < scores.length))
    part.refuse("has an unk_id that is not in its vocabulary");
  const bytes = part.flag("byte_fallback", false) ? byteTokens(vocabulary) : undefined;
  return new Unigram({ vocabulary, scores, unknown, unknownScore: least - unknownPenalty, bytes });
}

interface UnigramOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly scores: readonly number[];
  readonly unknown: number | undefined;
  readonly unknownScore: number;
  readonly bytes: readonly (number | undefined)[] | undefined;
}

class Unigram implements Model {
  readonly #options: UnigramOptions;
  readonly #trie: Trie;
  /** For the best way to each place: its score, the start of its last token, and the id of this token. */
  #score = new Float64Array(256);
  #start = new Int32Array(256);
  #id = new Int32Array(256);

  constructor(options: UnigramOptions) {
    this.#options = options;
    this.#trie = Trie.of(options.vocabulary);
  }

  get size(): number {
    return this.#options.scores.length;
  }

  idOf(token: string): number | undefined {
    return this.#options.vocabulary.get(token);
  }

  encode(piece: string, ids: number[]): void {
    this.#search(piece);
    const { unknown } = this.#options;
    // The ids of tokens and of runs of unknown characters, from right to left.
    const backwards: number[] = [];
    for (let end = piece.length; end > 0;) {
      let start = this.#start[end]!;
      if (this.#id[end] === unknown) {
        while (start > 0 && this.#id[start] === unknown) start = this.#start[start]!;
        for (const id of this.#idsOfUnknown(piece.slice(start, end)).reverse()) backwards.push(id);
      } else backwards.push(this.#options.vocabulary.get(piece.slice(start, end))!);
      end = start;
    }
    for (let i = backwards.length - 1; i >= 0; i--) ids.push(backwards[i]!);
  }

  /** A run of unknown characters may be a token as a whole. If not, it is spelled in bytes where all bytes have tokens. */
  #idsOfUnknown(run: string): number[] {
    const { vocabulary, bytes, unknown } = this.#options;
    const whole = vocabulary.get(run);
    if (whole !== undefined) return [whole];
    const spelled = bytes && Array.from(encoder.encode(run), (byte) => bytes[byte]);
    if (spelled?.every((id) => id !== undefined)) return spelled;
    return [unknown!];
  }

  #search(piece: string): void {
    const { scores, unknown, unknownScore } = this.#options;
    const trie = this.#trie;
    const { length } = piece;
    if (this.#score.length <= length) {
      const size = Math.max(length + 1, 2 * this.#score.length);
      this.#score = new Float64Array(size);
      this.#start = new Int32Array(size);
      this.#id = new Int32Array(size);
    }
    const [best, starts, ids] = [this.#score, this.#start, this.#id];
    best[0] = 0;
    starts.fill(-1, 0, length + 1);
    const offer = (end: number, start: number, id: number, score: number): void => {
      if (starts[end]! >= 0 && !(score > best[end]!)) return;
      best[end] = score;
      starts[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < length;) {
      const here = best[start]!;
      const width = piece.codePointAt(start)! > 0xffff ? 2 : 1;
      let isKnown = false;
      let node = 0;
      for (let at = start; at < length;) {
        node = trie.step(node, piece.charCodeAt(at++));
        if (node < 0) break;
        const id = trie.value(node);
        if (id < 0) continue;
        offer(at, start, id, scores[id]! + here);
        if (at - start === width) isKnown = true;
      }
      if (!isKnown) {
        if (unknown === undefined)
          throw malformed("the model has no unknown token, and the text has an unknown character");
        offer(start + width, start, unknown, unknownScore + here);
      }
      start += width;
    }
  }
}
