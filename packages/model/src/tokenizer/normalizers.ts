import type { JsonValue } from "../checkpoint/json.ts";
import { bertNormalizer } from "./bert-normalizer.ts";
import { byteSpelling } from "./bytes.ts";
import { lowercase } from "./lowercase.ts";
import { normalForm } from "./normal-form.ts";
import { malformed, type Part } from "./part.ts";
import { precompiled } from "./precompiled.ts";
import { readFinder } from "./finder.ts";
import { classOf, has, setOf, type CodePointSet } from "./unicode/code-point-set.ts";
import { combiningMarks, whiteSpace } from "./unicode/properties.ts";

/** The longest text that normalizers may make of another one; a file could ask to double it again and again. */
const longestText = 2 ** 24;

const longestPrefix = 1024;

/** Changes a text before it is split. */
export interface Normalizer {
  normalize(text: string): string;
  /** Whether each character of the result stands for the character at the same place of the text. */
  readonly keepsPlaces: boolean;
}

/** Reads the `normalizer` of tokenizer.json. */
export function readNormalizer(part: Part): Normalizer {
  const type = part.string("type");
  switch (type) {
    case "Sequence":
      return sequence(part.parts("normalizers").map(readNormalizer));
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return changing((text) => normalForm(text, type));
    case "Lowercase":
      return changing(lowercase);
    case "StripAccents": {
      const marks = new RegExp(`[${classOf(combiningMarks())}]`, "gu");
      return changing((text) => text.replace(marks, ""));
    }
    case "Strip":
      return changing(strip(part.flag("strip_left"), part.flag("strip_right")));
    case "Prepend": {
      const prefix = part.string("prepend");
      if (prefix.length > longestPrefix) part.refuse(`prepends more than ${longestPrefix} characters`);
      return changing((text) => (text === "" ? "" : prefix + text));
    }
    case "Replace":
      return replace(part);
    case "Nmt":
      return changing(nmt());
    case "ByteLevel":
      return changing(byteSpelling);
    case "BertNormalizer":
      return changing(bertNormalizer(part));
    case "Precompiled":
      return changing(precompiled(part));
    default:
      return part.refuse(`is of the type ${JSON.stringify(type)}, which is not supported`);
  }
}

const changing = (normalize: (text: string) => string): Normalizer => ({ normalize, keepsPlaces: false });

const sequence = (parts: readonly Normalizer[]): Normalizer => ({
  normalize: (text) => parts.reduce((normal, part) => part.normalize(normal), text),
  keepsPlaces: parts.every(({ keepsPlaces }) => keepsPlaces),
});

function strip(left: boolean, right: boolean): (text: string) => string {
  const isWhitespace = (text: string, at: number): boolean => has(whiteSpace, text.charCodeAt(at));
  return (text) => {
    let start = 0;
    let end = text.length;
    while (left && start < end && isWhitespace(text, start)) start++;
    while (right && end > start && isWhitespace(text, end - 1)) end--;
    return text.slice(start, end);
  };
}

function replace(part: Part): Normalizer {
  const content = part.string("content");
  const find = readFinder(part, { mayBeEmpty: false });
  const pattern: JsonValue | undefined = part.part("pattern").value("String");
  return {
    keepsPlaces: typeof pattern === "string" && pattern.length === 1 && content.length === 1,
    normalize(text) {
      const matches = find(text);
      if (matches.length === 0) return text;
      if (text.length + (matches.length / 2) * content.length > longestText)
        throw malformed(
          `the normalizers make more than ${longestText} characters of a text of ${text.length}`,
        );
      let normal = "";
      let rest = 0;
      for (let i = 0; i < matches.length; i += 2) {
        normal += text.slice(rest, matches[i]) + content;
        rest = matches[i + 1]!;
      }
      return normal + text.slice(rest);
    },
  };
}

/** Characters that the rules of NMT remove, and characters that they replace by a space. */
const nmtRemoved: CodePointSet = [
  [0x1, 0x8],
  [0xb, 0xb],
  [0xe, 0x1f],
  [0x7f, 0x7f],
  [0x8f, 0x8f],
  [0x9f, 0x9f],
];
const nmtSpaces = setOf("\t\n\f\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd");

function nmt(): (text: string) => string {
  const removed = new RegExp(`[${classOf(nmtRemoved)}]`, "gu");
  const spaces = new RegExp(`[${classOf(nmtSpaces)}]`, "gu");
  return (text) => text.replace(removed, "").replace(spaces, " ");
}
