import type { Triplet } from "@espalier/contract";
import { readLines, type Line } from "./lines.ts";
import { parseRow, pointer, refuse, text } from "./row.ts";

/** Fields by what they mean; the spellings are those of sentence-transformers, L3Prune's data and FlagEmbedding. */
const spellings = {
  query: ["query"],
  positive: ["positive", "pos"],
  negatives: ["negatives", "negative", "neg"],
  instruction: ["instruction", "prompt"],
  task: ["task"],
} as const;

/** FlagEmbedding's files carry these; they say nothing that training uses. */
const unused = ["pos_scores", "neg_scores", "pos_id", "neg_id", "type", "category"];
const known = new Set<string>([...Object.values(spellings).flat(), ...unused]);

/**
 * Reads training triplets from JSON lines `{query, positive, negatives, instruction?, task?}`. `pos`, `negative`, `neg`
 * and `prompt` are understood too; positives and negatives may be one text or a list. A line with several positives
 * gives one triplet for each. Texts are kept as they are.
 * @throws {Problem} `dataset/malformed` with line and field, or `dataset/empty`
 */
export async function* readTriplets(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Triplet> {
  for await (const line of readLines(bytes)) yield* tripletsOf(line);
}

function tripletsOf(line: Line): Triplet[] {
  const fields = parseRow(line, known);
  const query = text(line, fields.get("query"), "/query");
  const positives = texts(line, fields, "positive");
  if (positives.length === 0) refuse(line, "there is no positive", "/positive");
  const negatives = texts(line, fields, "negatives");
  const instruction = optional(line, fields, "instruction");
  const task = optional(line, fields, "task");
  const rest = {
    ...(instruction === undefined ? {} : { instruction }),
    ...(task === undefined ? {} : { task }),
  };
  return positives.map((positive) => ({ query, positive, negatives, ...rest }));
}

/** The one spelling of a field that a line uses. */
function spelled(
  line: Line,
  fields: ReadonlyMap<string, unknown>,
  meaning: keyof typeof spellings,
): string | undefined {
  const used = spellings[meaning].filter((name) => fields.has(name));
  if (used.length > 1) refuse(line, `${used.join(" and ")} say the same twice`, pointer(used[1]!));
  return used[0];
}

function texts(
  line: Line,
  fields: ReadonlyMap<string, unknown>,
  meaning: "positive" | "negatives",
): string[] {
  const name = spelled(line, fields, meaning);
  if (name === undefined) return [];
  const value = fields.get(name);
  if (!Array.isArray(value)) return [text(line, value, pointer(name))];
  return value.map((item: unknown, i) => text(line, item, pointer(name, i)));
}

/** A text, or nothing where the field is absent, null or empty. */
function optional(
  line: Line,
  fields: ReadonlyMap<string, unknown>,
  meaning: "instruction" | "task",
): string | undefined {
  const name = spelled(line, fields, meaning);
  const value = name === undefined ? undefined : fields.get(name);
  if (name === undefined || value === undefined || value === null || value === "") return undefined;
  return text(line, value, pointer(name));
}
