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
} as const;

export type IdKind = keyof typeof idPrefixes;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 10;
const randomDigits = 16;

/** Schema of an id of one noun. */
export const idOf = (kind: IdKind) =>
  Type.String({
    pattern: `^${idPrefixes[kind]}_[0-9a-hjkmnp-tv-z]{${timeDigits + randomDigits}}$`,
    description: `${kind} id`,
  });

/** A new id. Ids that are made later sort later, to the millisecond. */
export function newId(kind: IdKind, now = Date.now()): string {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(randomDigits));
  let text = "";
  for (let i = 0, time = now; i < timeDigits; i++, time = Math.floor(time / 32))
    text = alphabet[time % 32]! + text;
  for (const byte of random) text += alphabet[byte % 32]!;
  return `${idPrefixes[kind]}_${text}`;
}

/** A name given by a person: letters and digits, with `.`, `_`, `-`, `/` inside; up to 128. */
export const Name = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: "^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$",
});

/** RFC 3339 time in UTC. */
export const Timestamp = Type.String({ format: "date-time" });

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
