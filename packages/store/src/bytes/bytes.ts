import type { Readable } from "node:stream";

/** Bytes that are stored and checked. Only the `Bytes` that returned a `location` understands it. */
export interface StoredObject {
  location: string;
  bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

/** A stored object with its name in a folder. */
export interface StoredFile extends StoredObject {
  name: string;
}

export interface PutOptions {
  /** Throw `request/too-large` for more bytes than this. */
  maxBytes?: number;
  /** Throw `upload/incomplete` for a content with another size or checksum. */
  expect?: { bytes?: number; sha256?: string };
  signal?: AbortSignal;
}

/**
 * Stores content at `uploads/<id>/…`, `datasets/<id>/…` and `runs/<id>/a<attempt>/…`. Once `put` or `adopt` has returned, the
 * object is durable; before that, it does not exist. Throws `worker/disk-full` for a full disk, `artifact/corrupt` for a
 * missing object, and `request/invalid` for a location outside the root.
 */
export interface Bytes {
  /** Streams `source` to `location`. An object that was there is replaced in one step. */
  put(location: string, source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredObject>;
  /** Takes over a finished local file. It is moved where the file system allows that, else copied. */
  adopt(path: string, location: string): Promise<StoredObject>;
  /** Reads bytes `start` to `end`, both inclusive and optional. */
  open(location: string, range?: { start?: number; end?: number }): Promise<Readable>;
  /** Path of a local file with the content, for reading only. */
  pathOf(location: string): Promise<string>;
  /** Makes stored files appear under their names in a local directory, for reading only, without copying them. */
  materialise(files: readonly { name: string; location: string }[], directory: string): Promise<void>;
  /** Reads the object, and throws `artifact/corrupt` unless it has the recorded size and checksum. */
  verify(object: StoredObject): Promise<void>;
  /** Removes an object, or everything below a location such as `uploads/<id>`. Does nothing when there is none. */
  remove(location: string): Promise<void>;
  /** All objects below a location such as `runs/<id>/a1`; none when there is nothing. */
  list(location: string): Promise<{ location: string; bytes: number }[]>;
  /** Names of the folders right below a location such as `runs`, in no order. */
  folders(location: string): Promise<string[]>;
  /** Seconds since the newest of all files and folders at or below a location was changed; undefined when there is nothing. */
  unchangedFor(location: string): Promise<number | undefined>;
  /** Removes half-written files older than this; returns how many. Default: a day. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

/** Where the bytes of each noun are stored. */
export const locations = {
  /** `part` makes the location unique, so that a second upload of the same name replaces nothing that is in use. */
  upload: (uploadId: string, part: string, name: string) => `uploads/${uploadId}/${part}/${name}`,
  dataset: (datasetId: string, name: string) => `datasets/${datasetId}/${name}`,
  attempt: (runId: string, attempt: number, name: string) => `runs/${runId}/a${attempt}/${name}`,
} as const;
