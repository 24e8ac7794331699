import { AddedTokens, readAddedTokens } from "./added-tokens.ts";
import type { Model } from "./models/model.ts";
import { readModel } from "./models/read-model.ts";
import { readNormalizer, type Normalizer } from "./normalizers.ts";
import type { Part } from "./part.ts";
import { noSpecialTokens, readPostProcessor, type SpecialTokens } from "./post-processor.ts";
import { readPreTokenizer, type PreTokenizer } from "./pre-tokenizers.ts";

/** How many pieces keep their ids, and the length of the longest of these pieces. All of them take about 20 MB. */
const cachedPieces = 100_000;
const longestCachedPiece = 64;

/** What a tokenizer.json describes. It turns a text into the same ids as the `tokenizers` library. */
export class Pipeline {
  /** The ids that the post-processor puts around the ids of a text. */
  readonly specialTokens: SpecialTokens;
  /** Where the file cuts texts, if it says so. */
  readonly truncationSide: "left" | "right" | undefined;
  readonly #whole: AddedTokens;
  readonly #normalized: AddedTokens;
  readonly #normalizer: Normalizer | undefined;
  readonly #preTokenizer: PreTokenizer | undefined;
  readonly #model: Model;
  readonly #cache = new Map<string, readonly number[]>();

  /**
   * The truncation and padding that the file asks for are ignored, as in `transformers`: they are the caller's part.
   * @param root of tokenizer.json
   * @param options `splits`: special tokens in a text, and these, are tokenised as the text that they are. @default none
   * @throws {Problem} `tokenizer/malformed` for what the library would not read, and for what is not supported
   */
  constructor(root: Part, { splits }: { splits?: ReadonlySet<string> | undefined } = {}) {
    if (root.string("version", "1.0") !== "1.0") root.refuse("is of another version than 1.0");
    this.#model = readModel(root.part("model"));
    const direction = root.optionalPart("truncation")?.word("direction", ["Left", "Right"], "Right");
    this.truncationSide = direction && (direction === "Left" ? "left" : "right");
    const normalizer = root.optionalPart("normalizer");
    this.#normalizer = normalizer && readNormalizer(normalizer);
    const moved = this.#normalizer !== undefined && !this.#normalizer.keepsPlaces;
    const preTokenizer = root.optionalPart("pre_tokenizer");
    this.#preTokenizer = preTokenizer && readPreTokenizer(preTokenizer, moved);
    const postProcessor = root.optionalPart("post_processor");
    this.specialTokens = postProcessor === undefined ? noSpecialTokens : readPostProcessor(postProcessor);
    const added = readAddedTokens(root.parts("added_tokens", []), this.#model).map((token) => ({
      ...token,
      isLeft: splits !== undefined && (token.special || splits.has(token.content)),
    }));
    this.#whole = new AddedTokens(
      added.filter(({ normalized }) => !normalized),
      ({ content }) => content,
    );
    this.#normalized = new AddedTokens(
      added.filter(({ normalized }) => normalized),
      ({ content }) => this.#normalize(content),
    );
  }

  /** The ids of a text, without those that the post-processor adds. Lone surrogates count as U+FFFD. */
  encode(text: string): number[] {
    const ids: number[] = [];
    for (const section of this.#whole.split(wellFormed(text))) {
      if ("token" in section) {
        ids.push(section.token.id);
        continue;
      }
      for (const part of this.#normalized.split(this.#normalize(section.text))) {
        if ("token" in part) ids.push(part.token.id);
        else this.#encodePlain(part.text, section.start + part.start === 0, ids);
      }
    }
    return ids;
  }

  #normalize(text: string): string {
    return this.#normalizer === undefined ? text : this.#normalizer.normalize(text);
  }

  #encodePlain(text: string, atStart: boolean, ids: number[]): void {
    const pieces: string[] = [];
    if (this.#preTokenizer === undefined) pieces.push(text);
    else this.#preTokenizer.split(text, pieces, atStart);
    for (const piece of pieces) {
      if (this.#model.separate === undefined) this.#encodePiece(piece, ids);
      else for (const part of this.#model.separate(piece)) this.#encodePiece(part, ids);
    }
  }

  #encodePiece(piece: string, ids: number[]): void {
    const known = this.#cache.get(piece);
    if (known !== undefined) {
      for (const id of known) ids.push(id);
      return;
    }
    const spelled = this.#preTokenizer?.spell?.(piece) ?? piece;
    if (piece.length > longestCachedPiece) {
      this.#model.encode(spelled, ids);
      return;
    }
    const made: number[] = [];
    this.#model.encode(spelled, made);
    if (this.#cache.size >= cachedPieces) this.#cache.clear();
    this.#cache.set(piece, made);
    for (const id of made) ids.push(id);
  }
}

/** The text with U+FFFD in place of lone surrogates, which have no UTF-8; with the flag `u`, a pair is not matched. */
const wellFormed = (text: string): string => text.replace(/[\ud800-\udfff]/gu, "\ufffd");
