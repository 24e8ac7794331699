import { Problem } from "@espalier/contract";
import {
  JsonError,
  parseJson,
  type JsonObject,
  type JsonOptions,
  type JsonValue,
} from "../checkpoint/json.ts";

export type TokenizerFile = "tokenizer.json" | "tokenizer_config.json";

export function malformed(message: string, file: TokenizerFile = "tokenizer.json"): Problem {
  return new Problem("tokenizer/malformed", `${file}: ${message}`, { file });
}

/**
 * The JSON of a tokenizer's file.
 * @throws {Problem} `tokenizer/malformed`
 */
export function parseFile(text: string, file: TokenizerFile, options: JsonOptions = {}): Part {
  try {
    // The library's own reader allows the same depth.
    return new Part(parseJson(text, { maxDepth: 127, ...options }), "", file);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw malformed(`it is not valid JSON: ${error.message} (character ${error.position})`, file);
  }
}

/** An object in a tokenizer's file. It knows its place in the file, which the message of a refusal names. */
export class Part {
  readonly place: string;
  readonly #file: TokenizerFile;
  readonly #fields: JsonObject;

  constructor(value: JsonValue | undefined, place: string, file: TokenizerFile = "tokenizer.json") {
    if (!(value instanceof Map)) throw malformed(`${place || "the file"} is not an object`, file);
    this.#fields = value;
    this.#file = file;
    this.place = place;
  }

  /** All of it. */
  get fields(): JsonObject {
    return this.#fields;
  }

  /** The value of a field; undefined where it is missing or null. */
  value(key: string): JsonValue | undefined {
    return this.#fields.get(key) ?? undefined;
  }

  has(key: string): boolean {
    return this.#fields.has(key);
  }

  at(key: string): string {
    return this.place === "" ? key : `${this.place}.${key}`;
  }

  refuse(reason: string): never {
    throw malformed(`${this.place || "the file"} ${reason}`, this.#file);
  }

  /** @param missing the value where the field is missing, but not where it is null; without it the field is required */
  string(key: string, missing?: string): string {
    return this.#typed(key, "a string", (value) => typeof value === "string", missing);
  }

  flag(key: string, missing?: boolean): boolean {
    return this.#typed(key, "true or false", (value) => typeof value === "boolean", missing);
  }

  /** True or false, or `missing` where it is missing or null. */
  optionalFlag(key: string, missing: boolean): boolean {
    return this.value(key) === undefined ? missing : this.flag(key);
  }

  /** A whole number below 2^31. */
  integer(key: string, missing?: number): number {
    return this.#typed(key, "a whole number", isId, missing);
  }

  /** One of some words. */
  word<Word extends string>(key: string, words: readonly Word[], missing?: Word): Word {
    const isWord = (value: JsonValue): value is Word => words.some((word) => word === value);
    return this.#typed(key, `one of ${words.join(", ")}`, isWord, missing);
  }

  optionalString(key: string): string | undefined {
    return this.value(key) === undefined ? undefined : this.string(key);
  }

  part(key: string): Part {
    return new Part(this.value(key), this.at(key), this.#file);
  }

  optionalPart(key: string): Part | undefined {
    return this.value(key) === undefined ? undefined : this.part(key);
  }

  /** The entries of a field that is an object. */
  entries(key: string): JsonObject {
    return this.#typed(key, "an object", (value) => value instanceof Map);
  }

  list(key: string, missing?: JsonValue[]): JsonValue[] {
    return this.#typed(key, "a list", (value) => Array.isArray(value), missing);
  }

  parts(key: string, missing?: JsonValue[]): Part[] {
    return this.list(key, missing).map((value, i) => new Part(value, `${this.at(key)}[${i}]`, this.#file));
  }

  #typed<Value extends JsonValue>(
    key: string,
    kind: string,
    is: (value: JsonValue) => value is Value,
    missing?: Value,
  ): Value {
    const value = this.#fields.get(key) ?? (this.#fields.has(key) ? null : missing);
    if (value === undefined) this.refuse(`has no ${key}`);
    if (!is(value)) throw malformed(`${this.at(key)} is not ${kind}`, this.#file);
    return value;
  }
}

export const isId = (value: JsonValue | undefined): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff;
