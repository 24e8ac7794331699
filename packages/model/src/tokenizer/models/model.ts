/** Turns pieces of text into ids. */
export interface Model {
  /** Entries of the vocabulary. */
  readonly size: number;
  idOf(token: string): number | undefined;
  /** Pushes the ids of a piece that is not empty. */
  encode(piece: string, ids: number[]): void;
  /** The parts of a piece that are encoded by themselves, whatever is beside them. */
  separate?(piece: string): readonly string[];
}
