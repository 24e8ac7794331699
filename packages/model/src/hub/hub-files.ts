import type { ModelFiles } from "../files/model-files.ts";
import type { RangeReader } from "../files/range-reader.ts";
import type { DownloadFolder } from "./download-folder.ts";
import type { PartialFile } from "./partial-file.ts";
import type { RangeFetcher } from "./range-fetcher.ts";

/**
 * The files of a model on the hub, as far as the download has opened them. What is read and has not arrived yet is fetched
 * first, so that no reader ever sees a hole of a partial file.
 */
export class HubFiles implements ModelFiles {
  readonly #download: DownloadFolder;
  readonly #fetcher: RangeFetcher;

  constructor(download: DownloadFolder, fetcher: RangeFetcher) {
    this.#download = download;
    this.#fetcher = fetcher;
  }

  names(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(this.#download.opened.keys()));
  }

  open(name: string): Promise<RangeReader | undefined> {
    const file = this.#download.opened.get(name);
    return Promise.resolve(file && this.#reader(file));
  }

  #reader(file: PartialFile): RangeReader {
    const size = file.announced.bytes;
    return {
      size,
      read: async (offset, length, into) => {
        const range = { from: offset, to: Math.min(size, offset + length) };
        if (file.missing([range]).length > 0) await this.#fetcher.fetch(new Map([[file, [range]]]));
        return file.read(offset, length, into);
      },
      // The download closes its files itself.
      close: () => Promise.resolve(),
    };
  }
}
