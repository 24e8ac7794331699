import type { JsonValue } from "../checkpoint/json.ts";
import { byteSpelling } from "./bytes.ts";
import { readFinder, type Finder } from "./finder.ts";
import type { Part } from "./part.ts";
import { Pattern } from "./pattern/pattern.ts";
import { behaviors, splitter, type Splitter } from "./splits.ts";
import {
  classOfCharacter,
  isWhitespace,
  isNumeric,
  isPunctuation,
  isWord,
} from "./unicode/character-class.ts";

/** Splits a text into the pieces that a model looks at one by one. */
export interface PreTokenizer {
  /** @param atStart whether the text starts where the whole input starts */
  split(text: string, pieces: string[], atStart: boolean): void;
  /** How a piece is spelled for the model; absent where the model gets the piece itself. */
  readonly spell?: ((piece: string) => string) | undefined;
}

/** @param normalized whether a normalizer before it may have moved characters */
export function readPreTokenizer(part: Part, normalized: boolean): PreTokenizer {
  const type = part.string("type");
  switch (type) {
    case "Sequence":
      return sequence(
        part.parts("pretokenizers").map((item, i) => readPreTokenizer(item, normalized || i > 0)),
      );
    case "ByteLevel":
      // Only the offsets of tokens depend on it, and they are not computed here.
      part.flag("trim_offsets");
      return byteLevel(part.flag("add_prefix_space"), part.flag("use_regex", true));
    case "Metaspace":
      return metaspace(part, normalized);
    case "Split": {
      const find = readFinder(part, { mayBeEmpty: true });
      return plain(splitter(find, part.word("behavior", behaviors), part.flag("invert")));
    }
    case "Punctuation":
      return plain(splitter(charactersOf(isPunctuation), part.word("behavior", behaviors, "Isolated")));
    case "Digits": {
      const behavior = part.flag("individual_digits") ? "Isolated" : "Contiguous";
      return plain(splitter(charactersOf(isNumeric), behavior));
    }
    case "WhitespaceSplit":
      return plain(splitter(charactersOf(isWhitespace), "Removed"));
    case "CharDelimiterSplit": {
      const delimiter = oneCharacter(part, "delimiter");
      return plain(splitter((text) => occurrencesOf(text, delimiter), "Removed"));
    }
    case "BertPreTokenizer":
      return plain(bert);
    case "Whitespace":
      return plain(words);
    case "FixedLength": {
      const length = part.integer("length", 5);
      if (length === 0) part.refuse("has the length 0");
      return plain((text, pieces) => {
        const characters = Array.from(text);
        for (let at = 0; at < characters.length; at += length)
          pieces.push(characters.slice(at, at + length).join(""));
      });
    }
    default:
      return part.refuse(`is of the type ${JSON.stringify(type)}, which is not supported`);
  }
}

const plain = (split: Splitter): PreTokenizer => ({ split });

function sequence(items: readonly PreTokenizer[]): PreTokenizer {
  const last = items.at(-1);
  return {
    split(text, pieces, atStart) {
      let current = [text];
      for (const item of items) {
        const next: string[] = item === last ? pieces : [];
        for (const [i, piece] of current.entries()) item.split(piece, next, atStart && i === 0);
        if (item === last) return;
        const { spell } = item;
        current = spell === undefined ? next : next.map(spell);
      }
      pieces.push(text);
    },
    spell: last?.spell,
  };
}

/** The pattern of GPT-2: words, numbers and other characters, each with the space before it. */
const gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function byteLevel(prefix: boolean, usePattern: boolean): PreTokenizer {
  const pattern = usePattern ? new Pattern(gpt2) : undefined;
  const cut = pattern && splitter((text) => pattern.matches(text), "Isolated");
  return {
    split(text, pieces) {
      const prefixed = prefix && !text.startsWith(" ") ? ` ${text}` : text;
      if (cut) cut(prefixed, pieces);
      else pieces.push(prefixed);
    },
    spell: byteSpelling,
  };
}

function metaspace(part: Part, normalized: boolean): PreTokenizer {
  const mark = oneCharacter(part, "replacement");
  const scheme = part.word("prepend_scheme", ["always", "first", "never"], "always");
  if (!part.optionalFlag("add_prefix_space", true) && scheme !== "never")
    part.refuse(`has add_prefix_space false and prepend_scheme ${scheme}`);
  const cuts = part.optionalFlag("split", true);
  // After characters have moved, the text alone does not tell whether it starts where the input starts.
  if (scheme === "first" && normalized)
    part.refuse(
      'has the prepend_scheme "first" behind something that moves characters, which is not supported',
    );
  return {
    split(text, pieces, atStart) {
      let marked = text.replaceAll(" ", mark);
      if ((scheme === "always" || (scheme === "first" && atStart)) && !marked.startsWith(mark))
        marked = mark + marked;
      if (!cuts) {
        pieces.push(marked);
        return;
      }
      let start = 0;
      for (let at = marked.indexOf(mark, 1); at >= 0; at = marked.indexOf(mark, at + 1)) {
        pieces.push(marked.slice(start, at));
        start = at;
      }
      pieces.push(marked.slice(start));
    },
  };
}

function oneCharacter(part: Part, key: string): string {
  const text: JsonValue = part.string(key);
  if (Array.from(text).length !== 1) part.refuse(`has a ${key} of other than one character`);
  return text;
}

function occurrencesOf(text: string, character: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1))
    found.push(at, at + character.length);
  return found;
}

/** Finds each character of a class by itself. */
function charactersOf(bit: number): Finder {
  return (text) => {
    const found: number[] = [];
    for (let at = 0; at < text.length;) {
      const point = text.codePointAt(at)!;
      const end = at + (point > 0xffff ? 2 : 1);
      if (classOfCharacter(point) & bit) found.push(at, end);
      at = end;
    }
    return found;
  };
}

/** Splits at whitespace, and makes every punctuation character a piece of its own. */
function bert(text: string, pieces: string[]): void {
  runs(text, pieces, (classes) => (classes & isWhitespace ? 0 : classes & isPunctuation ? -1 : 1));
}

/** Runs of word characters, and runs of other characters that are not whitespace: `\w+|[^\w\s]+`. */
function words(text: string, pieces: string[]): void {
  runs(text, pieces, (classes) => (classes & isWord ? 1 : classes & isWhitespace ? 0 : 2));
}

/** Runs of characters of one kind. Characters of kind 0 are left out, and those of kind -1 are pieces of their own. */
function runs(text: string, pieces: string[], kindOf: (classes: number) => number): void {
  let start = 0;
  let kind = 0;
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at)!;
    const next = kindOf(classOfCharacter(point));
    if (next !== kind || next === -1) {
      if (kind !== 0) pieces.push(text.slice(start, at));
      start = at;
      kind = next;
    }
    at += point > 0xffff ? 2 : 1;
  }
  if (kind !== 0) pieces.push(text.slice(start));
}
