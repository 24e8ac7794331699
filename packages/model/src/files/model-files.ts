import type { RangeReader } from "./range-reader.ts";

/** The files of one model: those of a folder, of an upload in the byte store, or of a download that is under way. */
export interface ModelFiles {
  /**
   * Names of the files that belong to a model; others may be there.
   * @throws {Problem} `upload/file-refused` for one that is not a regular file
   */
  names(): Promise<ReadonlySet<string>>;
  /** Names of all that is there, where that is known, to say what was found in place of a file that is missing. */
  others?(): Promise<readonly string[]>;
  /** Opens a file; undefined where there is none of this name. */
  open(name: string): Promise<RangeReader | undefined>;
}
