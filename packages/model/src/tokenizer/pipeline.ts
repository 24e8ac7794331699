import { AddedTokens, readAddedTokens } from "./added-tokens.ts";
import { readModel, type Model } from "./models/model.ts";
import { readNormalizer, type Normalizer } from "./normalizers.ts";
import { parseFile } from "./part.ts";
import { nothingAround, readPostProcessor, type Surroundings } from "./post-processor.ts";
import { readPreTokenizer, type PreTokenizer } from "./pre-tokenizers.ts";
import { readScore } from "./score.ts";

/** Pieces whose ids are kept, and their longest: some 20 MB. */
const cachedPieces = 100_000;
const longestCachedPiece = 64;

/** A tokenizer.json, read: text in, ids out, as the `tokenizers` library has them. */
export class Pipeline {
  /** What the post-processor puts around a text. */
  readonly surroundings: Surroundings;
  readonly #whole: AddedTokens;
  readonly #normalized: AddedTokens;
  readonly #normalizer: Normalizer | undefined;
  readonly #preTokenizer: PreTokenizer | undefined;
  readonly #model: Model;
  readonly #cache = new Map<string, readonly number[]>();

  /**
   * Truncation and padding that the file asks for are left to the caller, as `transformers` does.
   * @throws {Problem} `tokenizer/malformed` for what the library would not read, and for what is not supported
   */
  constructor(tokenizerJson: string) {
    const root = parseFile(tokenizerJson, "tokenizer.json", { readNumber: readScore });
    if (root.string("version", "1.0") !== "1.0") root.refuse("is of another version than 1.0");
    this.#model = readModel(root.part("model"));
    const normalizer = root.optionalPart("normalizer");
    this.#normalizer = normalizer && readNormalizer(normalizer);
    const moved = this.#normalizer !== undefined && !this.#normalizer.keepsPlaces;
    const preTokenizer = root.optionalPart("pre_tokenizer");
    this.#preTokenizer = preTokenizer && readPreTokenizer(preTokenizer, moved);
    const postProcessor = root.optionalPart("post_processor");
    this.surroundings = postProcessor === undefined ? nothingAround : readPostProcessor(postProcessor);
    const added = readAddedTokens(root.parts("added_tokens", []), this.#model);
    this.#whole = new AddedTokens(
      added.filter(({ normalized }) => !normalized),
      ({ content }) => content,
    );
    this.#normalized = new AddedTokens(
      added.filter(({ normalized }) => normalized),
      ({ content }) => this.#normalize(content),
    );
  }

  /** Ids of a text, without what the post-processor adds. Lone surrogates count as U+FFFD. */
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
