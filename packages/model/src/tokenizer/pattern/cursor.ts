/** Where a pattern is being read. */
export interface Cursor {
  readonly pattern: string;
  at: number;
}
