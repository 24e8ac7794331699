/** A JSON value whose objects are Maps: no key, `__proto__` included, can touch a prototype, and key order is kept. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export type JsonObject = Map<string, JsonValue>;

/** Text that is not the JSON we accept. `position` counts UTF-16 units from the start of the text. */
export class JsonError extends Error {
  override name = "JsonError";
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

export interface JsonOptions {
  /** Deepest nesting of arrays and objects. @default 64 */
  readonly maxDepth?: number;
  /** Refuse numbers that are not plain non-negative safe integers. @default false */
  readonly onlyIntegers?: boolean;
  /** Filled with the spelling of each number that `formatJson` would spell otherwise. */
  readonly spellings?: Map<string, string>;
  /** Accept what Python's json writes and reads: NaN, infinities, and a key twice, of which the last counts. @default false */
  readonly asPython?: boolean;
  /** What the digits of a number mean. @default Number */
  readonly readNumber?: (digits: string) => number;
}

/**
 * How numbers were spelled, by the keys on the way to them. A value says less than its spelling: Python reads `30.0`
 * as another type than `30`, and transformers refuses one where it wants the other.
 */
export type Spellings = ReadonlyMap<string, string>;

const pathTo = (path: string, key: string | number): string => `${path}/${key}`;

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const integer = /^(?:0|[1-9]\d*)$/;
/** How Python spells what JSON cannot. */
const notFinite = /NaN|-?Infinity/y;
const blank = /[ \t\n\r]*/y;
/** What keeps a string from meaning just what it is. */
const careful = /[\\\p{Cc}\p{Surrogate}]/u;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Parses strict JSON (RFC 8259) and refuses what `JSON.parse` lets through: a key twice in one object, nesting beyond
 * `maxDepth`, strings with lone surrogates, and a value that two parsers could read differently.
 * Runs in time linear in the text.
 * @throws {JsonError} naming the position.
 */
export function parseJson(
  text: string,
  { maxDepth = 64, onlyIntegers = false, spellings, asPython = false, readNumber = Number }: JsonOptions = {},
): JsonValue {
  let at = 0;
  // Large texts need no path.
  const below = (path: string, key: string | number): string => (spellings ? pathTo(path, key) : "");

  function fail(message: string, position = at): never {
    throw new JsonError(message, position);
  }
  function match(pattern: RegExp): string {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  }
  function skipBlanks(): void {
    if (text.charCodeAt(at) <= 32) match(blank);
  }
  function take(char: string): boolean {
    if (text[at] !== char) return false;
    at++;
    skipBlanks();
    return true;
  }

  function string(): string {
    const close = text.indexOf('"', at + 1);
    const simple = text.slice(at + 1, close);
    if (close < 0 || careful.test(simple)) return carefulString();
    at = close + 1;
    skipBlanks();
    return simple;
  }

  function carefulString(): string {
    const start = at++;
    for (;;) {
      while (isPlain(text.charCodeAt(at))) at++;
      if (text[at] === '"') break;
      if (match(escape) === "")
        fail(at >= text.length ? "an unterminated string" : "a control character or bad escape in a string");
    }
    at++;
    const raw = text.slice(start + 1, at - 1);
    const decoded = raw.includes("\\") ? String(JSON.parse(`"${raw}"`)) : raw;
    if (/\p{Surrogate}/u.test(decoded)) fail("a string with a lone surrogate", start);
    skipBlanks();
    return decoded;
  }

  function object(depth: number, path: string): JsonObject {
    const entries: JsonObject = new Map();
    if (take("}")) return entries;
    do {
      const start = at;
      if (text[at] !== '"') fail("an object key was expected");
      const key = string();
      if (entries.has(key) && !asPython) fail(`the key ${JSON.stringify(key)} twice in one object`, start);
      if (!take(":")) fail('":" was expected after an object key');
      entries.set(key, value(depth, below(path, key)));
    } while (take(","));
    if (!take("}")) fail('"," or "}" was expected in an object');
    return entries;
  }

  function array(depth: number, path: string): JsonValue[] {
    const items: JsonValue[] = [];
    if (take("]")) return items;
    do items.push(value(depth, below(path, items.length)));
    while (take(","));
    if (!take("]")) fail('"," or "]" was expected in an array');
    return items;
  }

  function word<Value extends JsonValue>(literal: string, meaning: Value): Value {
    if (!text.startsWith(literal, at)) fail("a JSON value was expected");
    at += literal.length;
    skipBlanks();
    return meaning;
  }

  function value(depth: number, path: string): JsonValue {
    const start = at;
    switch (text[at]) {
      case '"':
        return string();
      case "{":
      case "[":
        if (depth >= maxDepth) fail(`nesting deeper than ${maxDepth}`);
        return take("{") ? object(depth + 1, path) : (take("["), array(depth + 1, path));
      case "t":
        return word("true", true);
      case "f":
        return word("false", false);
      case "n":
        return word("null", null);
      default: {
        const beyond = asPython ? match(notFinite) : "";
        if (beyond !== "") {
          skipBlanks();
          return Number(beyond);
        }
        const digits = match(number);
        if (digits === "") fail(at >= text.length ? "the text ends early" : "a JSON value was expected");
        const parsed = readNumber(digits);
        if (onlyIntegers && !(integer.test(digits) && Number.isSafeInteger(parsed)))
          fail(
            `the number ${digits.slice(0, 40)} where a non-negative integer below 2^53 was expected`,
            start,
          );
        if (!Number.isFinite(parsed) && !asPython) fail("a number beyond the range of a double", start);
        if (spellings !== undefined && digits !== JSON.stringify(parsed)) spellings.set(path, digits);
        skipBlanks();
        return parsed;
      }
    }
  }

  match(blank);
  const root = value(0, "");
  if (at < text.length) fail("text after the JSON value");
  return root;
}

/** Whether a UTF-16 unit stands for itself in a JSON string; NaN, beyond the text, does not. */
function isPlain(unit: number): boolean {
  return unit >= 32 && unit !== 34 && unit !== 92;
}

/**
 * Serialises a parsed value again, with keys in their order, two spaces of indentation and a final newline.
 * @param spellings of numbers that are still what they were
 */
export function formatJson(value: JsonValue, spellings: Spellings = new Map()): string {
  return `${format(value, "\n", "", spellings)}\n`;
}

function format(value: JsonValue, line: string, path: string, spellings: Spellings): string {
  const inner = `${line}  `;
  const below = (item: JsonValue, key: string | number) => format(item, inner, pathTo(path, key), spellings);
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[${inner}${value.map(below).join(`,${inner}`)}${line}]`;
  }
  if (value instanceof Map) {
    if (value.size === 0) return "{}";
    const entries = [...value].map(([key, item]) => `${JSON.stringify(key)}: ${below(item, key)}`);
    return `{${inner}${entries.join(`,${inner}`)}${line}}`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  const spelling = typeof value === "number" ? spellings.get(path) : undefined;
  return spelling !== undefined && Number(spelling) === value ? spelling : JSON.stringify(value);
}
