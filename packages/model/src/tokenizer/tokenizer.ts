import { Problem, type Encoding, type Mode } from "@espalier/contract";
import { maxTokenizerBytes } from "../checkpoint/fits.ts";
import { findText, readText } from "../files/read-text.ts";
import type { Beside } from "../tokenizer-files/added.ts";
import { completed } from "../tokenizer-files/completed.ts";
import { objectOf, readBeside, tokenizerConfigFile } from "../tokenizer-files/read.ts";
import { noTemplate, render, type Template } from "../templates/template.ts";
import { parseTokenizerConfig, type Side } from "./config.ts";
import { Part, parseFile } from "./part.ts";
import { Pipeline } from "./pipeline.ts";
import { readScore } from "./score.ts";
import { noSpecialTokens, type SpecialTokens } from "./post-processor.ts";

/** One text as the model sees it. Positions [start, end) of `ids` are pooled; what lies before or after only steers. */
export interface TokenizedText {
  readonly ids: Int32Array;
  readonly start: number;
  readonly end: number;
}

export interface TokenizeOptions {
  /** Longest sequence, special tokens included; what is beyond it is dropped. @default no limit */
  readonly maxLength?: number;
  /** Where tokens are dropped. @default what tokenizer_config.json says, which is mostly "right" */
  readonly truncationSide?: Side;
  readonly template?: Template;
  readonly instruction?: string | undefined;
  /** Add what the tokenizer's post-processor adds (BOS, EOS). @default true, false where the template writes them */
  readonly specialTokens?: boolean;
  /**
   * What is pooled: the content alone, or every token, as sentence-transformers and text-embeddings-inference do.
   * @default "content"
   */
  readonly pooled?: Encoding["pooled"];
  /** How content is found; see {@link Tokenizer.tokenize}. @default "default" */
  readonly spans?: Mode | undefined;
}

/** A Hugging Face fast tokenizer. */
export interface Tokenizer {
  /** Longest sequence that the model was made for, where tokenizer_config.json names one. */
  readonly maxLength: number | undefined;
  readonly truncationSide: Side;
  /** The side where transformers would pad. It does not matter here, because pooling uses positions. */
  readonly paddingSide: Side;
  /** Where releases of transformers read its files differently. */
  readonly remarks: readonly string[];
  /** Ids of one string, as `transformers` gives them. @default specialTokens true */
  encode(text: string, options?: { specialTokens?: boolean }): Int32Array;
  /**
   * Ids of a text with its template and instruction, and which of them are content.
   *
   * Text and suffix alone are tokenised to count the content tokens. These are the last tokens of the whole. The count may
   * be wrong by one token where the tokenizer merges characters across the boundary.
   *
   * - `spans: "default"`: the boundary is found before truncation, so that a truncated text loses content at its end and
   *   never takes instruction tokens in. Special tokens are not content.
   * - `spans: "reference"`: as in l3prune. The content tokens are counted back from the end of the whole once it is cut, so that special tokens at the end are content, and so are tokens of the instruction when a text is truncated.
   * @throws {Problem} `text/empty` when no token is left to pool
   */
  tokenize(text: string, options?: TokenizeOptions): TokenizedText;
}

const maxConfigBytes = 1024 * 1024;

/**
 * The ids of so many characters of text are kept, so that training for several epochs on a small dataset tokenises it once.
 * They take at most about 60 MB.
 */
const cachedCharacters = 8_000_000;
const longestCachedText = 10_000;

/**
 * Makes a tokenizer from the texts of `tokenizer.json` and `tokenizer_config.json`, as `AutoTokenizer` of transformers does.
 * @param configJson default: tokenizer.json alone, as `tokenizers` reads it
 * @param beside what other files say
 * @throws {Problem} `tokenizer/malformed` for what `tokenizers` would not read, or would read as something else
 */
export function parseTokenizer(
  tokenizerJson: string,
  configJson?: string,
  beside: Omit<Beside, "config"> = {},
): Tokenizer {
  const parsed = parseFile(tokenizerJson, "tokenizer.json", { readNumber: readScore });
  const config = parseTokenizerConfig(configJson ?? "{}");
  const files =
    configJson === undefined
      ? undefined
      : completed(parsed.fields, { ...beside, config: objectOf(configJson, tokenizerConfigFile) });
  const splits = config.splitsSpecial ? (files?.specials ?? new Set<string>()) : undefined;
  const pipeline = new Pipeline(files ? new Part(files.root, "") : parsed, { splits });
  const { maxLength: longest, paddingSide } = config;
  const side = config.truncationSide ?? pipeline.truncationSide ?? "right";
  const cache = new Map<string, Int32Array>();
  let held = 0;

  function keep(text: string, ids: Int32Array): void {
    cache.set(text, ids);
    held += text.length;
    for (const oldest of cache.keys()) {
      if (held <= cachedCharacters) break;
      cache.delete(oldest);
      held -= oldest.length;
    }
  }

  function plain(text: string): Int32Array {
    const known = cache.get(text);
    if (known !== undefined) return known;
    const ids = Int32Array.from(pipeline.encode(text));
    if (text.length <= longestCachedText) keep(text, ids);
    return ids;
  }

  const addedTo = (isWanted: boolean): SpecialTokens => (isWanted ? pipeline.specialTokens : noSpecialTokens);

  return {
    maxLength: longest,
    truncationSide: side,
    paddingSide,
    remarks: files?.remarks ?? [],
    encode(text, options) {
      return join(plain(text), addedTo(options?.specialTokens ?? true));
    },
    tokenize(text, options = {}) {
      const { maxLength = Number.POSITIVE_INFINITY, template = noTemplate, instruction } = options;
      const isReference = options.spans === "reference";
      const added = addedTo(options.specialTokens ?? !template.writesSpecialTokens);
      const { prompt, content } = render(template, text, instruction);
      const whole = plain(prompt + content);
      const contentTokens = prompt === "" ? whole.length : plain(content).length;
      const before = added.before.length;
      const room = Math.max(0, Math.min(whole.length, maxLength - before - added.after.length));
      const fromLeft = (options.truncationSide ?? side) === "left";
      const dropped = fromLeft ? whole.length - room : 0;
      const ids = join(whole.subarray(dropped, dropped + room), added);

      let start = before + Math.max(0, whole.length - contentTokens - dropped);
      let end = before + room;
      if (isReference) {
        // l3prune also cuts the text alone to the maximum length before it counts the tokens.
        start = Math.max(0, ids.length - Math.min(contentTokens, maxLength));
        end = contentTokens === 0 ? start : ids.length;
      }
      if (options.pooled === "sequence") {
        start = 0;
        end = ids.length;
      }
      if (start >= end) {
        const reason =
          contentTokens === 0
            ? "it has no tokens"
            : `its instruction fills the maximum length of ${maxLength} tokens`;
        throw new Problem("text/empty", `nothing of a text is left to embed: ${reason}`);
      }
      return { ids, start, end };
    },
  };
}

function join(ids: Int32Array, { before, after }: SpecialTokens): Int32Array {
  const joined = new Int32Array(before.length + ids.length + after.length);
  joined.set(before);
  joined.set(ids, before.length);
  joined.set(after, before.length + ids.length);
  return joined;
}

/**
 * Makes the tokenizer of a model folder.
 * @throws {Problem} `checkpoint/incomplete` where there is no tokenizer.json; otherwise the same as {@link parseTokenizer}
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const text = await readText(directory, "tokenizer.json", maxTokenizerBytes);
  return parseTokenizer(text, await readTokenizerConfig(directory), await readBeside(directory));
}

/** The text of a folder's tokenizer_config.json; an empty object where there is none. */
export async function readTokenizerConfig(directory: string): Promise<string> {
  return (await findText(directory, tokenizerConfigFile, maxConfigBytes)) ?? "{}";
}
