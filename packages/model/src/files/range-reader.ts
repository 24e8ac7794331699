/** One file that is read by ranges, wherever its bytes lie. */
export interface RangeReader {
  /** Bytes of the whole file. */
  readonly size: number;
  /**
   * The bytes [offset, offset + length); fewer where the file ends before.
   * @param into is filled from its start and returned as far as it was filled. @default a new array
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}
