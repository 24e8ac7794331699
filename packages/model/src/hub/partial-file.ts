import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { readRange } from "../files/disk.ts";
import { RangeSet, type Range } from "./ranges.ts";
import type { AnnouncedFile } from "./repository.ts";

/** What is remembered of a file between two processes. */
export interface FileState {
  readonly have: readonly Range[];
  /** The etag of the server that stores the file: a strong one, so that it may guard a range. */
  readonly etag?: string;
  /** The server honours ranges, or does not. */
  readonly ranged?: boolean;
}

/**
 * A file of a model that is filled in any order. It has its final size from the start; what has not arrived is a hole,
 * which costs no disk.
 */
export class PartialFile {
  readonly announced: AnnouncedFile;
  /** What the current fetch needs of it. */
  wanted: readonly Range[] = [];
  etag: string | undefined;
  ranged: boolean | undefined;
  /** Counts how often the file was started again: bytes of an earlier version are not mixed in. */
  version = 0;
  readonly #handle: FileHandle;
  #have: RangeSet;

  private constructor(announced: AnnouncedFile, handle: FileHandle, { have, etag, ranged }: FileState) {
    this.announced = announced;
    this.#handle = handle;
    this.#have = new RangeSet(have);
    this.etag = etag;
    this.ranged = ranged;
  }

  /** Opens or makes it; what is remembered counts only where the file is there with its size. */
  static async open(path: string, announced: AnnouncedFile, state?: FileState): Promise<PartialFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      const { size } = await handle.stat();
      const intact = state !== undefined && size === announced.bytes;
      if (!intact) {
        await handle.truncate(0);
        await handle.truncate(announced.bytes);
      }
      return new PartialFile(announced, handle, intact ? state : { have: [] });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  missing(wanted: readonly Range[] = this.wanted): Range[] {
    return this.#have.missing(wanted);
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.byteLength - done,
        position + done,
      );
      done += bytesWritten;
    }
    if (bytes.byteLength > 0) this.#have.add(position, position + bytes.byteLength);
  }

  /** Like `read` of a a range reader; what has not arrived is read as zeros. */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    return readRange(this.#handle, offset, length, into);
  }

  /** The whole content, in pieces. */
  async *content(): AsyncGenerator<Uint8Array> {
    const stream = this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 });
    for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk;
  }

  /** Forgets what has arrived. */
  restart(): void {
    this.#have = new RangeSet();
    this.etag = undefined;
    this.version += 1;
  }

  /** Makes what has arrived durable; resolves to what then surely is. */
  async sync(): Promise<FileState> {
    const { etag, ranged } = this;
    const have = this.#have.ranges;
    await this.#handle.datasync();
    return { have, ...(etag === undefined ? {} : { etag }), ...(ranged === undefined ? {} : { ranged }) };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
