import { Type, type Static } from "typebox";

/** Prefix of each noun's ids. An id is `<prefix>_` and 26 Crockford base-32 digits: 50 bits of milliseconds, 80 random bits. */
export const idPrefixes = {
  team: "team",
  user: "usr",
  key: "key",
  upload: "upl",
  model: "mdl",
  dataset: "dst",
  experiment: "exp",
  schedule: "sch",
  run: "run",
  array: "arr",
  artifact: "art",
  worker: "wrk",
  device: "dev",
  audit: "aud",
  webhook: "whk",
  delivery: "dlv",
  view: "view",
} as const;

export type IdKind = keyof typeof idPrefixes;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 10;
const randomDigits = 16;

/** Schema of an id of one noun. */
export const idOf = (kind: IdKind) =>
  Type.String({ pattern: `^${idPrefixes[kind]}_[0-9a-hjkmnp-tv-z]{${timeDigits + randomDigits}}$` });

/** A new id. Ids that are made later sort later, to the millisecond. */
export function newId(kind: IdKind, now = Date.now()): string {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(randomDigits));
  let text = "";
  for (let i = 0, time = now; i < timeDigits; i++, time = Math.floor(time / 32))
    text = alphabet[time % 32]! + text;
  for (const byte of random) text += alphabet[byte % 32]!;
  return `${idPrefixes[kind]}_${text}`;
}

const [begins, goesOn] = ["\\p{L}\\p{N}", "\\p{L}\\p{M}\\p{N}"];

/**
 * A name given by a person: letters and digits of any script, with `.`, `_`, `-`, `/` inside; up to 128. What stands between
 * slashes neither begins nor ends with a dot, so that no name reads like a path that leads elsewhere.
 */
export const Name = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: `^(?!.*(?:/[./]|\\./))[${begins}](?:[${goesOn}._/-]*[${goesOn}])?$`,
  description: "letters and digits of any script; . _ - / inside",
});

/** How a name is stored and compared: one character may be written in two ways, and file systems write it in either. */
export const normaliseName = (name: string): string => name.normalize("NFC");

/** A {@link Name} from any text, such as a file's name; empty where the text has no letter and no digit. */
export const nameFrom = (text: string): string =>
  Array.from(
    normaliseName(text)
      .replace(/[^\p{L}\p{M}\p{N}._/-]+/gu, "-")
      .replace(/\.*\/[./]*/g, "/"),
  )
    .slice(0, 128)
    .join("")
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, "");

/** RFC 3339 time in UTC. */
export const Timestamp = Type.String({ format: "date-time" });

/**
 * The moment that a {@link Timestamp} means. PostgreSQL takes offsets of up to 15:59, RFC 3339 of up to 23:59; JavaScript knows no leap
 * second, which is the one before it here.
 */
export const momentOf = (timestamp: string): Date => new Date(timestamp.replace(/:60(?=\D)/, ":59"));

/** Lower-case hexadecimal SHA-256. */
export const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });

/** Query of every list. A cursor names the last row of a page, so it stays valid while rows are added. */
export const PageQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
export type PageQuery = Static<typeof PageQuery>;

/** One page of a list; `cursor` is opaque and absent on the last page. */
export interface Page<T> {
  items: T[];
  cursor?: string;
}
