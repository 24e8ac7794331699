import { Problem } from "@espalier/contract";

/** What a place in a list is made of: how it is written, and the greatest number that the database takes for it. */
const parts = {
  id: { form: String.raw`[a-z]{3,4}_[0-9a-hjkmnp-tv-z]{26}`, most: undefined },
  name: { form: String.raw`[^\s\0\p{Cs}]{1,200}`, most: undefined },
  int: { form: String.raw`\d{1,10}`, most: 2n ** 31n - 1n },
  bigint: { form: String.raw`\d{1,19}`, most: 2n ** 63n - 1n },
  /** Milliseconds since 1970, as far as a Date and a timestamp reach. */
  time: { form: String.raw`\d{1,16}`, most: 8_640_000_000_000_000n },
} as const;
type Part = keyof typeof parts;
type Texts<Parts extends readonly Part[]> = { [I in keyof Parts]: string };

interface CursorOptions {
  separator?: string;
  /** JSON pointer to where a request carries it. */
  field?: string;
  /** What is said of a text that no page has given. */
  refusal?: string;
}

/** The form of a list's cursors. Every cursor of the service is written and checked here. */
export interface Cursor<Parts extends readonly Part[]> {
  write(...values: { [I in keyof Parts]: string | number | bigint }): string;
  /**
   * What a cursor is made of; nothing where there is none, so that a list begins at its start.
   * @throws {Problem} `request/invalid` for a text that no page can have given
   */
  read(cursor: string | undefined): Texts<Parts> | [];
}

export function cursorOf<const Parts extends readonly Part[]>(
  kinds: Parts,
  {
    separator = ":",
    field = "/cursor",
    refusal = "The cursor is not one of this list; start without it.",
  }: CursorOptions = {},
): Cursor<Parts> {
  const form = new RegExp(`^${kinds.map((kind) => `(${parts[kind].form})`).join(separator)}$`, "u");
  return {
    write: (...values) => values.join(separator),
    read(cursor) {
      if (cursor === undefined) return [];
      const [, ...texts] = form.exec(cursor) ?? [];
      const fits = kinds.every((kind, i) => {
        const { most } = parts[kind];
        return texts[i] !== undefined && (most === undefined || BigInt(texts[i]) <= most);
      });
      if (!fits) throw new Problem("request/invalid", refusal, { field });
      return texts;
    },
  };
}

/** Of lists that go from the newest id on. */
export const byId = cursorOf(["id"]);
