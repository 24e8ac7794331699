import { Problem, type HubSource } from "@espalier/contract";
import type { HubLimits } from "./access.ts";
import { accept, type Asked } from "./answer.ts";
import type { HubConnection, HubResponse } from "./connection.ts";
import { Fault, Patience } from "./fault.ts";
import type { PartialFile } from "./partial-file.ts";
import type { AnnouncedFile } from "./repository.ts";
import { bytesOf, split, type Range } from "./ranges.ts";

export interface RangeFetcherOptions {
  connection: HubConnection;
  limits: HubLimits;
  source: HubSource;
  commit: string;
  /** Most faults in a row, asked at each of them. */
  faults: () => number;
  /** Called with how many wanted bytes have arrived; the number is negative when a file is started again. */
  received: (bytes: number) => void;
  /** Called with a sentence when faults go on. */
  warn?: ((line: string) => void) | undefined;
}

/**
 * A file is started again at most this often: servers that store one file differently give it several etags, and the
 * checksum decides at the end.
 */
const mostRestarts = 2;

/** Brings byte ranges of files, several at a time, through broken connections. */
export class RangeFetcher {
  readonly #options: RangeFetcherOptions;
  /** Files whose server knows no ranges, while they stream. */
  readonly #streams = new Map<PartialFile, Promise<void>>();

  constructor(options: RangeFetcherOptions) {
    this.#options = options;
  }

  /** Resolves when all of it is there. @throws {Problem} `hub/…` */
  async fetch(wanted: ReadonlyMap<PartialFile, readonly Range[]>): Promise<void> {
    const { limits, connection } = this.#options;
    for (const [file, ranges] of wanted) file.wanted = ranges;
    for (;;) {
      const pieces = [...wanted.keys()].flatMap((file) =>
        split(file.missing(), limits.pieceBytes).map((range) => ({ file, range })),
      );
      if (pieces.length === 0) return;
      let failure: { error: unknown } | undefined;
      const work = async () => {
        for (let piece = pieces.shift(); piece !== undefined && !failure; piece = pieces.shift()) {
          try {
            await this.#piece(piece.file, piece.range);
          } catch (error) {
            failure ??= { error };
            // The others must not write on.
            connection.abort();
          }
        }
      };
      await Promise.all(Array.from({ length: limits.connections }, work));
      if (failure) throw failure.error;
    }
  }

  async #piece(file: PartialFile, { from: start, to }: Range): Promise<void> {
    const { connection, received } = this.#options;
    const patience = this.#patience();
    const { version } = file;
    let from = start;
    while (from < to && file.version === version) {
      if (file.ranged === false) return this.#stream(file);
      try {
        const guard = file.etag === undefined ? {} : { "if-range": file.etag };
        const response = await connection.get(this.#url(file), {
          range: `bytes=${from}-${to - 1}`,
          ...guard,
        });
        accept(connection, response, this.#asked(file), [200, 206, 416]);
        if (response.status === 416) throw wrongLength(file.announced, "fewer");
        const etag = strongEtag(response);
        const changed = file.etag !== undefined && etag !== undefined && etag !== file.etag;
        if (changed || response.status === 200) {
          response.body.destroy();
          if (changed) this.restart(file);
          else file.ranged = false;
          continue;
        }
        checkRange(response, file.announced, from);
        file.ranged = true;
        if (file.version < mostRestarts) file.etag ??= etag;
        for await (const chunk of connection.bytes(response)) {
          if (file.version !== version) return;
          const part = chunk.subarray(0, to - from);
          await file.write(part, from);
          from += part.byteLength;
          patience.received(part.byteLength);
          received(part.byteLength);
          if (part.byteLength < chunk.byteLength) break;
        }
        if (from < to) throw new Fault(`${response.url.host} broke off`);
      } catch (error) {
        await patience.failed(error);
      }
    }
  }

  /** Drops what has arrived of a file. */
  restart(file: PartialFile): void {
    const before = bytesOf(file.missing());
    file.restart();
    this.#options.received(before - bytesOf(file.missing()));
  }

  /** Reads a file from its start, and keeps what is missing; pieces of one file share one stream. */
  #stream(file: PartialFile): Promise<void> {
    const running = this.#streams.get(file);
    if (running !== undefined) return running;
    const stream = this.#whole(file).finally(() => this.#streams.delete(file));
    this.#streams.set(file, stream);
    return stream;
  }

  async #whole(file: PartialFile): Promise<void> {
    const { connection, received } = this.#options;
    const { bytes } = file.announced;
    const patience = this.#patience();
    for (;;) {
      const missing = file.missing();
      const end = missing.at(-1)?.to ?? 0;
      if (end === 0) return;
      try {
        const response = await connection.get(this.#url(file));
        accept(connection, response, this.#asked(file), [200]);
        const length = Number(response.headers["content-length"] ?? bytes);
        if (length !== bytes) {
          response.body.destroy();
          throw wrongLength(file.announced, String(length));
        }
        let at = 0;
        for await (const chunk of connection.bytes(response)) {
          for (const { from, to } of missing) {
            const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
            if (part.byteLength === 0) continue;
            await file.write(part, Math.max(from, at));
            patience.received(part.byteLength);
            received(part.byteLength);
          }
          at += chunk.byteLength;
          if (at > bytes) throw wrongLength(file.announced, "more");
          if (at >= end) break;
        }
        if (at < end) throw new Fault(`${response.url.host} broke off`);
      } catch (error) {
        await patience.failed(error);
      }
    }
  }

  #patience(): Patience {
    const { connection, limits, faults, warn } = this.#options;
    return new Patience({ limits, faults, signal: connection.signal, warn });
  }

  #url(file: PartialFile): URL {
    const { connection, source, commit } = this.#options;
    return connection.url(`${source.hub}/resolve/${commit}/${file.announced.name}`);
  }

  #asked({ announced }: PartialFile): Asked {
    const { source, commit } = this.#options;
    return { hub: source.hub, revision: commit, file: announced.name };
  }
}

/** `Content-Range: bytes 0-99/1234` (RFC 9110 §14.4) must be what was asked for, of a file of the announced size. */
function checkRange({ headers, body }: HubResponse, file: AnnouncedFile, from: number): void {
  const said = headers["content-range"] ?? "nothing";
  const [, start, total = "*"] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(said) ?? [];
  const fits = total === "*" || Number(total) === file.bytes;
  if (fits && Number(start) === from) return;
  body.destroy();
  if (!fits) throw wrongLength(file, total);
  const detail = `The server answers ${said.slice(0, 80)} to a range of ${file.name} from ${from}.`;
  throw new Problem("hub/malformed", detail, { file: file.name });
}

const wrongLength = ({ name, bytes }: AnnouncedFile, found: string): Problem =>
  new Problem("hub/corrupt", `${name} has ${found} bytes where it is stored; the hub announced ${bytes}.`, {
    file: name,
  });

function strongEtag({ headers }: HubResponse): string | undefined {
  const { etag } = headers;
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : undefined;
}
