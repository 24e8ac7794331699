/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909; bytes as in GPT-2), trained from word counts
 * and written as a Hugging Face `tokenizer.json`.
 */

/** GPT-2's words: contractions, letters, digits and other signs, each with the space before it. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** GPT-2's printable stand-in for every byte. */
const ALPHABET: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(printable ? byte : next++);
  });
})();

const symbols = (text: string): string[] =>
  [...new TextEncoder().encode(text)].map((byte) => ALPHABET[byte] ?? "");

/** The words of texts that are each given a leading space, and how often they occur. */
export function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of ` ${text}`.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

export interface Vocabulary {
  /** In the order of their ids: the special tokens, the 256 bytes, then one token per merge. */
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/**
 * Merges the most frequent pair of neighbours until the vocabulary has `size` tokens or no pair occurs twice; of
 * equally frequent pairs the one that sorts first, so that the result depends on the counts alone.
 */
export function trainBpe(
  counts: ReadonlyMap<string, number>,
  size: number,
  special: readonly string[],
): Vocabulary {
  const words = [...counts].map(([text, count]) => ({ parts: symbols(text), count }));
  const tokens = [...special, ...ALPHABET];
  const merges: [string, string][] = [];
  while (tokens.length < size) {
    const best = mostFrequentPair(words);
    if (best === undefined) break;
    const [left, right] = best;
    merges.push([left, right]);
    tokens.push(left + right);
    for (const word of words) word.parts = merge(word.parts, left, right);
  }
  return { tokens, merges };
}

interface Word {
  parts: string[];
  readonly count: number;
}

function mostFrequentPair(words: readonly Word[]): [string, string] | undefined {
  const pairs = new Map<string, number>();
  for (const { parts, count } of words) {
    for (let index = 1; index < parts.length; index++) {
      const pair = `${parts[index - 1]} ${parts[index]}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + count);
    }
  }
  let best: string | undefined;
  let most = 1;
  for (const [pair, count] of pairs) {
    if (count > most || (count === most && best !== undefined && pair < best)) [best, most] = [pair, count];
  }
  const [left, right] = best?.split(" ") ?? [];
  return left === undefined || right === undefined ? undefined : [left, right];
}

function merge(parts: string[], left: string, right: string): string[] {
  if (!parts.includes(left)) return parts;
  const out: string[] = [];
  for (const part of parts) {
    if (part === right && out.at(-1) === left) out[out.length - 1] = left + right;
    else out.push(part);
  }
  return out;
}

/** Id 0. */
export const BEGIN = "<s>";
/** Id 1. */
export const END = "</s>";

/** The content of `tokenizer.json`: texts get a leading space and the begin-of-sequence token. */
export function tokenizerJson({ tokens, merges }: Vocabulary): object {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const level = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
  const begin = { SpecialToken: { id: BEGIN, type_id: 0 } };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [BEGIN, END].map((content) => ({
      id: vocab[content],
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: level,
    post_processor: {
      type: "TemplateProcessing",
      single: [begin, { Sequence: { id: "A", type_id: 0 } }],
      pair: [begin, { Sequence: { id: "A", type_id: 0 } }, begin, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { [BEGIN]: { id: BEGIN, ids: [vocab[BEGIN]], tokens: [BEGIN] } },
    },
    decoder: level,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: merges.map((pair) => pair.join(" ")),
    },
  };
}

/** The content of `tokenizer_config.json`. `length` is the longest text the model was trained on, in tokens. */
export function tokenizerConfig(length: number): object {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    // Release 4 of transformers takes it for false where it is not there, whatever tokenizer.json says.
    add_prefix_space: true,
    add_bos_token: true,
    add_eos_token: false,
    bos_token: BEGIN,
    eos_token: END,
    pad_token: END,
    clean_up_tokenization_spaces: false,
    model_max_length: length,
  };
}
