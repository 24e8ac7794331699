import { Problem } from "@espalier/contract";
import type { JsonObject, JsonValue } from "../checkpoint/json.ts";

/**
 * The merges by which byte-pair encoding makes the kept tokens of characters, whose ids join the kept ones. Within a token of a text
 * the merges are those that the token alone would see, because none crosses its ends, so that a merge which no kept token needs was
 * made in no text.
 * @param kept is added to
 * @returns places in the list of merges, rising
 * @throws {Problem} `config/unsupported` for a model with prefixes of continuations or suffixes of words
 */
export function neededMerges(
  model: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
  kept: Set<number>,
  tokens: ReadonlyMap<number, string>,
): number[] {
  const list = model.get("merges");
  if (!Array.isArray(list)) return [];
  for (const field of ["continuing_subword_prefix", "end_of_word_suffix"])
    if (model.get(field))
      throw new Problem(
        "config/unsupported",
        `tokenizer.json has a ${field}, whose vocabulary cannot be trimmed; keep the whole vocabulary.`,
        { file: "tokenizer.json", field: `/model/${field}` },
      );
  const ranks = new Map(list.map((entry, rank) => [pairOf(entry), rank]));
  const needed = new Set<number>();
  // Those that are added on the way are parts of one that was looked at, and add nothing.
  for (const id of kept) {
    const symbols = Array.from(tokens.get(id) ?? "");
    for (const symbol of symbols) keep(symbol);
    for (;;) {
      const [rank, at] = lowest(symbols, ranks);
      if (rank === undefined) break;
      needed.add(rank);
      symbols.splice(at, 2, symbols[at]! + symbols[at + 1]!);
      keep(symbols[at]!);
    }
  }
  return [...needed].sort((a, b) => a - b);

  function keep(token: string): void {
    const id = vocabulary.get(token);
    if (id !== undefined) kept.add(id);
  }
}

const separator = " ";

/** Two tokens as one key; none has a blank in it where merges are written as text. */
const pairOf = (entry: JsonValue): string =>
  Array.isArray(entry) ? (entry as string[]).join(separator) : (entry as string);

/** The neighbours that are merged first, and where they are. */
function lowest(
  symbols: readonly string[],
  ranks: ReadonlyMap<string, number>,
): [rank: number | undefined, at: number] {
  let [best, at]: [number | undefined, number] = [undefined, -1];
  for (let i = 0; i + 1 < symbols.length; i++) {
    const rank = ranks.get(`${symbols[i]!}${separator}${symbols[i + 1]!}`);
    if (rank !== undefined && (best === undefined || rank < best)) [best, at] = [rank, i];
  }
  return [best, at];
}
