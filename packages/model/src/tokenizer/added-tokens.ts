import { has } from "./unicode/code-point-set.ts";
import { rustWord, whiteSpace } from "./unicode/properties.ts";
import { malformed, type Part } from "./part.ts";
import { Trie } from "./trie.ts";

/** A token that is cut out of a text before everything else. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Whether it is found only where no word character is next to it. */
  readonly singleWord: boolean;
  /** Whether it includes the whitespace on its left. */
  readonly leftStrip: boolean;
  readonly rightStrip: boolean;
  /** Whether it is found in the normalized text, by its normalized content. */
  readonly normalized: boolean;
  readonly special: boolean;
  /** Whether it is left to be tokenised like other text. @default false */
  readonly isLeft?: boolean;
}

/**
 * Reads `added_tokens`. `tokenizers` ignores the ids in the file: a content that the model knows gets the id of the model,
 * and other contents are numbered from the size of the vocabulary on. A file with other ids is refused, because its author
 * meant something else than what the library would do.
 */
export function readAddedTokens(
  parts: readonly Part[],
  model: { readonly size: number; idOf(token: string): number | undefined },
): AddedToken[] {
  const byContent = new Map<string, AddedToken>();
  let next = model.size;
  for (const part of parts) {
    const content = part.string("content");
    const id = part.integer("id");
    if (content === "") continue;
    const read = byContent.get(content)?.id ?? model.idOf(content) ?? next++;
    if (read !== id) part.refuse(`gives ${JSON.stringify(content)} the id ${id}, but it is read as ${read}`);
    byContent.set(content, {
      content,
      id,
      singleWord: part.flag("single_word"),
      leftStrip: part.flag("lstrip"),
      rightStrip: part.flag("rstrip"),
      normalized: part.flag("normalized"),
      special: part.flag("special"),
    });
  }
  return [...new Map([...byContent.values()].map((token) => [token.id, token])).values()];
}

/** Part of a text: an added token, or what is left to tokenise. */
export type Section = { readonly token: AddedToken } | { readonly text: string; readonly start: number };

const nothing = { token: undefined, end: 0 };

/** Cuts added tokens out of texts from left to right. Where several match at one place, the longest is taken. */
export class AddedTokens {
  readonly #tokens: readonly AddedToken[];
  readonly #trie: Trie | undefined;
  /** Whether a token starts with this UTF-16 unit. */
  readonly #starts = new Set<number>();

  /** @param contentOf the text by which a token is found */
  constructor(tokens: readonly AddedToken[], contentOf: (token: AddedToken) => string) {
    this.#tokens = tokens;
    if (tokens.length === 0) return;
    this.#trie = new Trie();
    for (const [i, token] of tokens.entries()) {
      const content = contentOf(token);
      if (content === "")
        throw malformed(`the added token ${JSON.stringify(token.content)} normalizes to nothing`);
      const node = this.#trie.walk(content);
      if (node >= 0 && this.#trie.value(node) >= 0)
        throw malformed(`two added tokens normalize to ${JSON.stringify(content)}`);
      this.#trie.set(content, i);
      this.#starts.add(content.charCodeAt(0));
    }
  }

  /** The sections of a text in order; none is empty. */
  split(text: string): Section[] {
    const sections: Section[] = [];
    const between = (start: number, end: number): void => {
      if (start < end) sections.push({ text: text.slice(start, end), start });
    };
    const trie = this.#trie;
    let rest = 0;
    for (let at = 0; trie !== undefined && at < text.length;) {
      const { token, end } = this.#starts.has(text.charCodeAt(at)) ? this.#longest(trie, text, at) : nothing;
      if (token === undefined) {
        at++;
        continue;
      }
      if (token.isLeft !== true && (!token.singleWord || !(isWordBefore(text, at) || isWordAt(text, end)))) {
        // This token may begin inside the whitespace that the token before it includes.
        const start = token.leftStrip ? Math.max(whitespaceBefore(text, at), rest) : at;
        between(rest, start);
        sections.push({ token });
        rest = token.rightStrip ? whitespaceFrom(text, end) : end;
      }
      at = end;
    }
    between(rest, text.length);
    return sections;
  }

  #longest(trie: Trie, text: string, start: number): { token?: AddedToken | undefined; end: number } {
    let node = 0;
    let found = -1;
    let end = start;
    for (let at = start; at < text.length; at++) {
      node = trie.step(node, text.charCodeAt(at));
      if (node < 0) break;
      if (trie.value(node) >= 0) {
        found = trie.value(node);
        end = at + 1;
      }
    }
    return { token: this.#tokens[found], end };
  }
}

function isWordBefore(text: string, at: number): boolean {
  if (at === 0) return false;
  const low = text.charCodeAt(at - 1);
  const isPair = low >= 0xdc00 && low <= 0xdfff && at > 1;
  return has(rustWord(), text.codePointAt(isPair ? at - 2 : at - 1)!);
}

const isWordAt = (text: string, at: number): boolean =>
  at < text.length && has(rustWord(), text.codePointAt(at)!);

const isWhitespace = (text: string, at: number): boolean => has(whiteSpace, text.charCodeAt(at));

function whitespaceBefore(text: string, end: number): number {
  let at = end;
  while (at > 0 && isWhitespace(text, at - 1)) at--;
  return at;
}

function whitespaceFrom(text: string, start: number): number {
  let at = start;
  while (at < text.length && isWhitespace(text, at)) at++;
  return at;
}
