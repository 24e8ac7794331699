import { Problem } from "@espalier/contract";
import type { JsonObject, JsonValue } from "../checkpoint/json.ts";

const file = "config.json";

/** Refuses a field of `config.json`. */
function refuseField(code: "config/malformed" | "config/unsupported", field: string, message: string): never {
  throw new Problem(code, message, { file, field: `/${field.replaceAll(".", "/")}` });
}

/** Typed access to the fields of `config.json`, or of an object in it; a refusal names the field. null is missing. */
export class Fields {
  readonly source: JsonObject;
  readonly #prefix: string;

  constructor(source: JsonObject, prefix = "") {
    this.source = source;
    this.#prefix = prefix;
  }

  has(key: string): boolean {
    return (this.source.get(key) ?? null) !== null;
  }

  real(key: string, least: number, most: number, missing?: number): number {
    const value = this.source.get(key) ?? missing;
    if (value === undefined) this.malformed(key, "is missing");
    if (typeof value !== "number" || !(value >= least && value <= most))
      this.malformed(key, `is ${shown(value)}, not a number from ${least} to ${most}`);
    return value;
  }

  integer(key: string, least: number, most: number, missing?: number): number {
    const value = this.real(key, least, most, missing);
    if (!Number.isInteger(value)) this.malformed(key, `is ${value}, not an integer`);
    return value;
  }

  flag(key: string, missing: boolean): boolean {
    const value = this.source.get(key) ?? missing;
    if (typeof value !== "boolean") this.malformed(key, `is ${shown(value)}, neither true nor false`);
    return value;
  }

  /** Numbers, exactly `length` of them. */
  reals(key: string, length: number): number[] {
    const value = this.source.get(key) ?? null;
    if (
      !Array.isArray(value) ||
      value.length !== length ||
      !value.every((item): item is number => typeof item === "number" && Number.isFinite(item))
    )
      this.malformed(key, `is ${shown(value)}, not a list of ${length} numbers`);
    return value;
  }

  /** One of some words. */
  word<Word extends string>(key: string, words: readonly Word[], missing?: Word): Word {
    const value = this.source.get(key) ?? missing ?? null;
    const found = words.find((word) => word === value);
    if (found === undefined)
      this.unsupported(
        key,
        `is ${shown(value)}; ${words.map((word) => JSON.stringify(word)).join(", ")} ${words.length === 1 ? "is" : "are"} supported`,
      );
    return found;
  }

  /** An object in this one. */
  object(key: string): Fields | undefined {
    const value = this.source.get(key) ?? null;
    if (value === null) return undefined;
    if (!(value instanceof Map)) this.malformed(key, "is neither an object nor null");
    return new Fields(value, `${this.#prefix}${key}.`);
  }

  /** One word for each layer; undefined where the list is missing. */
  perLayer<Word extends string>(key: string, layers: number, words: readonly Word[]): Word[] | undefined {
    const value = this.source.get(key) ?? null;
    if (value === null) return undefined;
    if (!Array.isArray(value) || value.length !== layers)
      this.malformed(key, `is ${shown(value)}, not a list of one word for each of ${layers} layers`);
    return value.map((item) => {
      const word = words.find((candidate) => candidate === item);
      if (word === undefined)
        this.unsupported(key, `holds ${shown(item)}; supported are ${words.join(", ")}`);
      return word;
    });
  }

  /** A token id, the first of a list of them, or nothing. */
  tokenId(key: string): number | undefined {
    const value = this.source.get(key) ?? null;
    const id = Array.isArray(value) ? value[0] : value;
    if (id === null || id === undefined || id === -1) return undefined;
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0)
      this.malformed(key, `is ${shown(value)}, not a token id`);
    return id;
  }

  /** Refuses every field of a list that does not have its harmless value. */
  only(harmless: Readonly<Record<string, readonly JsonValue[]>>): void {
    for (const [key, values] of Object.entries(harmless)) {
      const value = this.source.get(key) ?? null;
      if (value === null || values.includes(value)) continue;
      const wanted =
        values.length === 0 ? "it is not supported" : `only ${values.map(shown).join(", ")} is supported`;
      this.unsupported(key, `is ${shown(value)}; ${wanted}`);
    }
  }

  malformed(key: string, reason: string): never {
    refuseField("config/malformed", this.#prefix + key, `${this.#prefix}${key} ${reason}`);
  }

  unsupported(key: string, reason: string): never {
    refuseField("config/unsupported", this.#prefix + key, `${this.#prefix}${key} ${reason}`);
  }
}

/** A value as a message shows it. */
function shown(value: JsonValue): string {
  return value instanceof Map
    ? "an object"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "number"
        ? String(value)
        : JSON.stringify(value).slice(0, 80);
}
