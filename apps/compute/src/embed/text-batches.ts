import { isProblem, Problem } from "@espalier/contract";

/** Texts that are in memory together. */
export interface TextBatch {
  /** Number of the first one, from 1. */
  readonly first: number;
  readonly texts: readonly string[];
}

export interface BatchLimits {
  /** Enough for texts of like length to be computed together. @default 1024 */
  readonly texts?: number;
  /** More are taken by a single longer text alone. @default 1,000,000 */
  readonly characters?: number;
}

/**
 * Cuts a stream of texts into batches, taking no text before it is needed.
 * @throws {Problem} `dataset/empty` when there is none
 */
export async function* textBatches(
  texts: AsyncIterable<string>,
  { texts: mostTexts = 1024, characters: mostCharacters = 1_000_000 }: BatchLimits = {},
): AsyncGenerator<TextBatch> {
  let first = 1;
  let batch: string[] = [];
  let characters = 0;
  for await (const text of texts) {
    batch.push(text);
    characters += text.length;
    if (batch.length < mostTexts && characters < mostCharacters) continue;
    yield { first, texts: batch };
    first += batch.length;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield { first, texts: batch };
  else if (first === 1)
    throw new Problem("dataset/empty", "There are no texts: give some as arguments, or lines on stdin.");
}

/**
 * Words a problem with one text of a batch so that it names the text's place among all.
 * @param unit what a text is for the user who gave it: a line of standard input, or an argument
 */
export function atPlace(error: unknown, { first }: TextBatch, unit: "line" | "text"): unknown {
  const index = isProblem(error) ? /^\/(\d+)$/.exec(error.facts.field ?? "")?.[1] : undefined;
  if (!isProblem(error) || index === undefined) return error;
  const place = first + Number(index);
  return new Problem(
    error.code,
    `${unit} ${place}: ${error.message}`,
    unit === "line" ? { line: place } : {},
  );
}
