import { graphemes } from "./graphemes.ts";
import { malformed, type Part } from "./part.ts";

/** The longest grapheme cluster that is looked up as one, in bytes of UTF-8. */
const longestCluster = 5;

const encoder = new TextEncoder();

/**
 * The normalizer of SentencePiece: a map from strings to strings, compiled to a double array of UTF-8 (Darts) and the
 * replacements behind it. `tokenizers` looks up grapheme clusters of less than six bytes, and replaces the whole
 * cluster by what the map gives for the *shortest* beginning of it. Longer clusters, and those without a beginning in the
 * map, are looked up character by character.
 */
export function precompiled(part: Part): (text: string) => string {
  const map = new CharacterMap(part.string("precompiled_charsmap"), part);
  const known = new Map<string, string>();

  function character(text: string): string {
    const seen = known.get(text);
    if (seen !== undefined) return seen;
    const normal = map.find(text) ?? text;
    known.set(text, normal);
    return normal;
  }

  function cluster(text: string): string {
    if (text.length <= 1) return character(text);
    if (text.length <= longestCluster && encoder.encode(text).length <= longestCluster) {
      const whole = map.find(text);
      if (whole !== undefined) return whole;
    }
    let normal = "";
    for (const one of text) normal += character(one);
    return normal;
  }

  return (text) => {
    let normal = "";
    for (const one of graphemes(text)) normal += cluster(one);
    return normal;
  };
}

class CharacterMap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;

  constructor(base64: string, part: Part) {
    const bytes = Buffer.from(base64, "base64");
    if (bytes.toString("base64").replaceAll("=", "") !== base64.replaceAll("=", ""))
      part.refuse("has a charsmap that is not base64");
    const size = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
    if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length)
      part.refuse("has a charsmap whose array does not lie inside it");
    this.#units = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
    this.#replacements = bytes.subarray(4 + size);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(this.#replacements);
    } catch {
      part.refuse("has replacements that are not UTF-8");
    }
  }

  /** What the map gives for the shortest beginning of `text` that it holds. */
  find(text: string): string | undefined {
    let node = offsetOf(this.#unit(0));
    for (const byte of encoder.encode(text)) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = this.#unit(node);
      if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) return this.#replacement(this.#unit(node) & 0x7fffffff);
    }
    return undefined;
  }

  #unit(at: number): number {
    const unit = this.#units[at];
    if (unit === undefined) throw malformed("the charsmap of the normalizer points outside itself");
    return unit;
  }

  #replacement(start: number): string {
    if (start >= this.#replacements.length) return "";
    const end = this.#replacements.indexOf(0, start);
    return new TextDecoder().decode(this.#replacements.subarray(start, end < 0 ? undefined : end));
  }
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
