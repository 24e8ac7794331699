import { cosine } from "../vectors.ts";

/** How alike two ways to embed the same texts are. */
export interface Parity {
  readonly texts: number;
  /** The worst cosine of the two vectors of a text. */
  readonly least: number;
  readonly mean: number;
}

/** Compares vectors of the same texts. */
export function parityOf(expected: readonly Float32Array[], actual: readonly Float32Array[]): Parity {
  const cosines = expected.map((vector, i) => cosine(vector, actual[i]!));
  return {
    texts: cosines.length,
    least: Math.min(...cosines),
    mean: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
  };
}
