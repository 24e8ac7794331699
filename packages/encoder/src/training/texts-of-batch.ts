import type { ResolvedTrainingSettings, Triplet } from "@espalier/contract";

/** A text as a training sees it. */
export interface TextOfBatch {
  readonly text: string;
  /** Of queries alone. */
  readonly instruction?: string | undefined;
}

/**
 * Queries, then positives, then hard negatives: up to `hardNegatives` of each example, others in the next epoch where
 * it has more. Only queries take the instruction. With `simcse` the queries, and the queries again.
 */
export function textsOfBatch(
  examples: readonly Triplet[],
  { objective, hardNegatives }: Pick<ResolvedTrainingSettings, "objective" | "hardNegatives">,
  epoch: number,
): TextOfBatch[] {
  const queries = examples.map(({ query, instruction }) => ({ text: query, instruction }));
  if (objective === "simcse") return [...queries, ...queries];
  const negatives = examples.flatMap(({ negatives }) =>
    Array.from(
      { length: Math.min(hardNegatives, negatives.length) },
      (_, i) => negatives[(epoch * hardNegatives + i) % negatives.length]!,
    ),
  );
  return [
    ...queries,
    ...examples.map(({ positive }) => ({ text: positive })),
    ...negatives.map((text) => ({ text })),
  ];
}
