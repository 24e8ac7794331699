import type { Readable } from "node:stream";

/** Bytes that are stored and checked. `location` is opaque: only the `Bytes` that gave it can resolve it. */
export interface StoredObject {
  location: string;
  bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

/** A stored object under the name that it has in its folder. */
export interface StoredFile extends StoredObject {
  name: string;
}

export interface PutOptions {
  /** Refuse more than this many bytes: `request/too-large`. */
  maxBytes?: number;
  /** Refuse another content: `upload/incomplete`. */
  expect?: { bytes?: number; sha256?: string };
  signal?: AbortSignal;
}

/**
 * Where content lives: `uploads/<id>/…`, `datasets/<id>/…`, `runs/<id>/a<attempt>/…`. What `put` or `adopt` has returned is
 * durable; what they have not returned does not exist. A full disk is `worker/disk-full`, a missing object
 * `artifact/corrupt`, a path outside the root `request/invalid`.
 */
export interface Bytes {
  /** Streams `source` to `location`, replacing what was there in one step. */
  put(location: string, source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredObject>;
  /** Takes over a finished local file: moved where the file system allows it, copied otherwise. */
  adopt(path: string, location: string): Promise<StoredObject>;
  /** Reads bytes `start` to `end`, both inclusive and optional. */
  open(location: string, range?: { start?: number; end?: number }): Promise<Readable>;
  /** A local, read-only path to the content. */
  pathOf(location: string): Promise<string>;
  /** Makes stored files appear in a local directory under their names, without copying them; read-only. */
  materialise(files: readonly { name: string; location: string }[], directory: string): Promise<void>;
  /** Reads the object again and throws `artifact/corrupt` unless size and checksum are as recorded. */
  verify(object: StoredObject): Promise<void>;
  /** Removes an object, or everything below a location such as `uploads/<id>`. Missing is fine. */
  remove(location: string): Promise<void>;
  /** Removes half-written files older than this; returns how many. Default: a day. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

/** Locations of each noun's bytes. */
export const locations = {
  /** `part` makes the location unique, so that a second upload of the same name replaces nothing that is in use. */
  upload: (uploadId: string, part: string, name: string) => `uploads/${uploadId}/${part}/${name}`,
  dataset: (datasetId: string, name: string) => `datasets/${datasetId}/${name}`,
  attempt: (runId: string, attempt: number, name: string) => `runs/${runId}/a${attempt}/${name}`,
} as const;
