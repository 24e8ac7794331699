import { Problem } from "@espalier/contract";

/**
 * On which side of a comparison a text stands. An encoder may put its instruction before queries and not before documents; where
 * both texts of a pair are of one kind, both are queries.
 */
export type Side = "query" | "document";

/** One vector per text, in order, all of one length. */
export type Embed = (texts: readonly string[], side: Side) => Promise<readonly Float32Array[]>;

/**
 * Embeds each distinct text once and gives the vector of each.
 * @throws {Problem} `training/diverged` when a vector is not finite
 */
export async function embedDistinct(
  texts: Iterable<string>,
  side: Side,
  embed: Embed,
): Promise<(text: string) => Float32Array> {
  const distinct = [...new Set(texts)];
  const vectors = await embedChecked(distinct, side, embed);
  const vectorOf = new Map(distinct.map((text, i) => [text, vectors[i]!]));
  return (text) => vectorOf.get(text)!;
}

/** As `embed`, of vectors that are as many as the texts and finite. */
export async function embedChecked(
  texts: readonly string[],
  side: Side,
  embed: Embed,
): Promise<readonly Float32Array[]> {
  const vectors = await embed(texts, side);
  if (vectors.length !== texts.length)
    throw new RangeError(`${vectors.length} vectors for ${texts.length} texts`);
  for (const vector of vectors)
    if (!vector.every(Number.isFinite))
      throw new Problem(
        "training/diverged",
        "An embedding is not finite; the model's weights have diverged.",
      );
  return vectors;
}
