import { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import { isProblem, Problem } from "@espalier/contract";
import { maxTokenizerBytes, readText } from "./checkpoint/index.ts";
import { noTemplate, render, type Template } from "./template.ts";

/** One text as the model sees it. Positions [start, end) of `ids` are pooled; what lies before or after only steers. */
export interface TokenizedText {
  readonly ids: Int32Array;
  readonly start: number;
  readonly end: number;
}

export interface TokenizeOptions {
  /** Longest sequence, special tokens included; what is beyond it on the right is dropped. @default no limit */
  readonly maxLength?: number;
  readonly template?: Template;
  readonly instruction?: string | undefined;
  /** Add what the tokenizer's post-processor adds (BOS, EOS). They are never pooled. @default true */
  readonly specialTokens?: boolean;
}

/** A Hugging Face fast tokenizer. */
export interface Tokenizer {
  /** Ids of one string, as `transformers` gives them. @default specialTokens true */
  encode(text: string, options?: { specialTokens?: boolean }): Int32Array;
  /**
   * Ids of a text with its template and instruction, and which of them are content.
   *
   * The content tokens are counted by tokenising text and suffix alone, and are the last so many tokens of the whole:
   * where the tokenizer merges across the boundary the count may be off by one token. The boundary is found before
   * truncation, so that a truncated text loses content on its right and never takes instruction tokens in. Special
   * tokens are not content. (The reference implementation pads on the left, and counts content from the right end of
   * the truncated string, which lets it spill into the instruction.)
   * @throws {Problem} `text/empty` when no content token is left
   */
  tokenize(text: string, options?: TokenizeOptions): TokenizedText;
}

const maxConfigBytes = 1024 * 1024;

/** Texts whose ids are kept, in characters: an epoch over a small dataset tokenises once. At most some 60 MB. */
const cachedCharacters = 8_000_000;
const longestCachedText = 10_000;

/**
 * Makes a tokenizer from the texts of `tokenizer.json` and `tokenizer_config.json`.
 * @throws {Problem} when the tokenizer is of a kind that is not supported
 */
export function parseTokenizer(tokenizerJson: string, configJson = "{}"): Tokenizer {
  const hub = construct(tokenizerJson, configJson);
  const added = specialTokens(hub);
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
    const ids = Int32Array.from(idsOf(hub, text, false));
    if (text.length <= longestCachedText) keep(text, ids);
    return ids;
  }

  return {
    encode(text, options) {
      const { before, after } = (options?.specialTokens ?? true) ? added : nothing;
      return join(before, plain(text), after);
    },
    tokenize(text, options = {}) {
      const { maxLength = Number.POSITIVE_INFINITY, template = noTemplate, instruction } = options;
      const { before, after } = (options.specialTokens ?? true) ? added : nothing;
      const { prompt, content } = render(template, text, instruction);
      const ids = plain(prompt + content);
      const contentTokens = prompt === "" ? ids.length : Math.min(ids.length, plain(content).length);
      const room = Math.max(0, Math.min(ids.length, maxLength - before.length - after.length));
      const start = before.length + ids.length - contentTokens;
      const end = before.length + room;
      if (start >= end) {
        const reason =
          contentTokens === 0
            ? "it has no tokens"
            : `its instruction fills the maximum length of ${maxLength} tokens`;
        throw new Problem("text/empty", `nothing of a text is left to embed: ${reason}`);
      }
      return { ids: join(before, ids.subarray(0, room), after), start, end };
    },
  };
}

interface SpecialTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const nothing: SpecialTokens = { before: [], after: [] };

function join(before: readonly number[], ids: Int32Array, after: readonly number[]): Int32Array {
  const joined = new Int32Array(before.length + ids.length + after.length);
  joined.set(before);
  joined.set(ids, before.length);
  joined.set(after, before.length + ids.length);
  return joined;
}

/** Makes the tokenizer of a model folder. */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const config = await readText(directory, "tokenizer_config.json", maxConfigBytes).catch(
    (error: unknown) => {
      if (isProblem(error) && error.code === "checkpoint/incomplete") return "{}";
      throw error;
    },
  );
  return parseTokenizer(await readText(directory, "tokenizer.json", maxTokenizerBytes), config);
}

function construct(tokenizerJson: string, configJson: string): HubTokenizer {
  try {
    const tokenizer: unknown = JSON.parse(tokenizerJson);
    const config: unknown = JSON.parse(configJson);
    if (!(tokenizer instanceof Object && config instanceof Object))
      throw new TypeError("it is not a JSON object");
    return new HubTokenizer(tokenizer, config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem("tokenizer/malformed", `tokenizer.json cannot be used: ${reason}`, {
      file: "tokenizer.json",
    });
  }
}

function idsOf(hub: HubTokenizer, text: string, special: boolean): readonly number[] {
  return hub.encode(text, { add_special_tokens: special }).ids;
}

/** What the post-processor puts around every text, found by letting it work on one. */
function specialTokens(hub: HubTokenizer): SpecialTokens {
  const bare = idsOf(hub, "a", false);
  const full = idsOf(hub, "a", true);
  for (let at = 0; at <= full.length - bare.length; at++) {
    if (bare.every((id, i) => full[at + i] === id))
      return { before: full.slice(0, at), after: full.slice(at + bare.length) };
  }
  throw new Problem(
    "tokenizer/malformed",
    "the post-processor of tokenizer.json does more than add tokens around a text",
    {
      file: "tokenizer.json",
    },
  );
}
