/** Pauses between tries, in one unit of time. */
export interface Backoff {
  /** After the first failure; each further one in a row doubles it. */
  first: number;
  /** The longest one. */
  most: number;
}

/**
 * How long to wait after so many failures in a row before the next try.
 * @param failures at least 1
 */
export const backoff = (failures: number, { first, most }: Backoff): number =>
  Math.min(most, first * 2 ** (failures - 1));
