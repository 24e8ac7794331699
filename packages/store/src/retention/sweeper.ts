/** One kind of what nobody needs any more. */
export interface Sweeper {
  /** How much the next sweep would free; bytes only where they are known. */
  survey(): Promise<Swept>;
  /** Frees one portion, in short transactions. A count of 0 says that nothing is left. */
  sweep(): Promise<Swept>;
}

export interface Swept {
  count: number;
  bytes?: number;
}

/** So many are counted at most, so that a survey stays short. */
export const mostCounted = 1_000_000;

/** Rows that one statement deletes. */
export const portion = 5_000;
