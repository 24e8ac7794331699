import { rename } from "node:fs/promises";
import { isModuleFile, keptLayers, Problem, type HubSource } from "@espalier/contract";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { findText } from "../files/read-text.ts";
import { openModel } from "../checkpoint/open-model.ts";
import { maxIndexBytes, parseIndex } from "../checkpoint/shard-index.ts";
import { survives } from "../checkpoint/surviving.ts";
import { truncateCheckpoint } from "../checkpoint/truncate.ts";
import { defaultLimits, type HubAccess, type HubLimits } from "./access.ts";
import { isAnnounced } from "./checksum.ts";
import { HubConnection } from "./connection.ts";
import { checkDiskSpace } from "./disk-space.ts";
import { DownloadFolder } from "./download-folder.ts";
import { Patience } from "./fault.ts";
import { HubFiles } from "./hub-files.ts";
import type { PartialFile } from "./partial-file.ts";
import { RangeFetcher } from "./range-fetcher.ts";
import { bytesOf, coalesce, type Range } from "./ranges.ts";
import { readRepository } from "./repository.ts";
import { checkSizes } from "./sizes.ts";

/** Where a download stands; bytes of its phase. */
export interface DownloadProgress {
  readonly phase: "describe" | "download" | "verify" | "truncate";
  readonly done: number;
  readonly total: number;
}

export interface DownloadOptions {
  access: HubAccess;
  /** Folder of the unfinished download: what an earlier process left there is continued. It is removed at the end. */
  folder: string;
  /** Folder to make, on the same file system: the model, with no more than the layers that were asked for. */
  output: string;
  /** Aborting it keeps what has arrived. */
  signal?: AbortSignal;
  report?: (progress: DownloadProgress) => void;
  /** Called with a sentence that says why a download does not move. */
  warn?: (line: string) => void;
  limits?: Partial<HubLimits>;
}

const indexFile = "model.safetensors.index.json";
const singleFile = "model.safetensors";

/**
 * Downloads a model of the hub. The revision is pinned to its commit first; then come the small files and the headers of
 * the weights, which are checked as those of an upload are, so that a model that would be refused costs no download; then
 * the weights. With `source.layers` only the byte ranges of weights that survive are fetched, and `output` is what
 * `truncateCheckpoint` makes of the whole model, byte for byte.
 *
 * Every whole file has the checksum that the hub announced. Of weights that are fetched in part there is none: their
 * headers are checked, and TLS and the pinned commit vouch for the rest.
 * @returns the commit
 * @throws {Problem} `hub/…`, `worker/disk-full`, `request/too-large`, `layers/out-of-range`, and those of `openModel`
 */
export async function downloadModel(
  source: HubSource,
  options: DownloadOptions,
): Promise<{ commit: string }> {
  const limits = { ...defaultLimits, ...options.limits };
  const stop = options.signal ?? new AbortController().signal;
  const deadline = AbortSignal.timeout(limits.totalSeconds * 1000);
  const connection = new HubConnection(options.access, limits, AbortSignal.any([stop, deadline]));
  try {
    return await new ModelDownload(source, options, limits, connection).run();
  } catch (error) {
    if (!deadline.aborted || stop.aborted) throw error;
    const detail = `The download took longer than ${Math.round(limits.totalSeconds / 3600)} h.`;
    throw new Problem("hub/unavailable", detail, {}, { cause: error });
  } finally {
    await connection.close();
  }
}

type Wanted = Map<PartialFile, readonly Range[]>;

class ModelDownload {
  readonly #source: HubSource;
  readonly #options: DownloadOptions;
  readonly #limits: HubLimits;
  readonly #connection: HubConnection;
  #progress: DownloadProgress = { phase: "describe", done: 0, total: 0 };

  constructor(source: HubSource, options: DownloadOptions, limits: HubLimits, connection: HubConnection) {
    this.#source = source;
    this.#options = options;
    this.#limits = limits;
    this.#connection = connection;
  }

  async run(): Promise<{ commit: string }> {
    const { folder, access } = this.#options;
    this.#report({ phase: "describe", done: 0, total: 0 });
    const patience = new Patience({
      limits: this.#limits,
      faults: () => this.#limits.firstFaults,
      advice: "check the worker's network, HTTPS_PROXY and HF_ENDPOINT",
      signal: this.#connection.signal,
      warn: this.#options.warn,
    });
    const read = () => readRepository(this.#connection, this.#source, patience);
    const download = await DownloadFolder.open(
      folder,
      { endpoint: access.endpoint, source: this.#source },
      read,
    );
    let unsaved: { error: unknown } | undefined;
    // Also while it waits: a supervisor must be able to tell a slow hub from a process that hangs.
    const beat = setInterval(() => {
      this.#report({});
      download.save().catch((error: unknown) => {
        // The disk is full, or another process has taken the folder over.
        unsaved ??= { error };
        this.#connection.abort();
      });
    }, this.#limits.syncSeconds * 1000);
    try {
      const files = await this.#fetch(download);
      await this.#finish(download, files);
    } catch (error) {
      await download.save().catch(() => undefined);
      throw unsaved === undefined ? error : unsaved.error;
    } finally {
      clearInterval(beat);
      await download.close();
    }
    await download.remove();
    return { commit: download.repository.commit };
  }

  async #fetch(download: DownloadFolder): Promise<HubFiles> {
    const { layers } = this.#source;
    const { commit, files: announced } = download.repository;
    checkSizes(announced, this.#limits);
    // A hub that cannot be reached is reported soon; a download that has begun waits for it.
    let faults = download.resumed ? this.#limits.faults : this.#limits.firstFaults;
    const fetcher = new RangeFetcher({
      connection: this.#connection,
      limits: this.#limits,
      source: this.#source,
      commit,
      faults: () => faults,
      warn: this.#options.warn,
      received: (bytes) => {
        if (this.#progress.phase !== "download") return;
        faults = this.#limits.faults;
        this.#report({ done: this.#progress.done + bytes });
      },
    });
    const files = new HubFiles(download, fetcher);
    const small = await this.#open(download, (name) => !name.endsWith(".safetensors") || isModuleFile(name));
    await this.#fetchWhole(fetcher, small);
    const weights = await this.#weights(download, files);
    await this.#fetchHeads(fetcher, weights);
    const checkpoint = await openModel(files);
    await checkpoint.close();
    if (layers !== undefined) keptLayers(layers, checkpoint.config.layers);

    const wanted: Wanted = new Map();
    for (const file of weights) wanted.set(file, this.#needed(file, checkpoint));
    const missing = [...wanted].reduce((sum, [file, ranges]) => sum + bytesOf(file.missing(ranges)), 0);
    const total = [...wanted.values()].reduce((sum, ranges) => sum + bytesOf(ranges), 0);
    // What survives is written once more, without the holes.
    await checkDiskSpace(download.model, missing + (layers === undefined ? 0 : total));
    this.#report({ phase: "download", done: total - missing, total });
    if (layers === undefined) await this.#fetchWhole(fetcher, weights);
    else await fetcher.fetch(wanted);
    return files;
  }

  /** The bytes of a file of weights that the model to make needs. */
  #needed({ announced }: PartialFile, checkpoint: Checkpoint): Range[] {
    const { layers } = this.#source;
    if (layers === undefined) return whole(announced.bytes);
    const tensors = [...checkpoint.tensors]
      .filter(([name, { file }]) => file === announced.name && survives(name, layers, checkpoint.config))
      .map(([, { offset, bytes }]) => ({ from: offset, to: offset + bytes }));
    return coalesce(tensors, this.#limits.gapBytes);
  }

  async #open(download: DownloadFolder, which: (name: string) => boolean): Promise<PartialFile[]> {
    const names = download.repository.files.map(({ name }) => name).filter(which);
    const files = await Promise.all(names.map((name) => download.file(name)));
    return files.filter((file) => file !== undefined);
  }

  /** The files of weights that count: a shard that the index does not name is left alone. */
  async #weights(download: DownloadFolder, files: HubFiles): Promise<PartialFile[]> {
    const index = await findText(files, indexFile, maxIndexBytes);
    const listed = index === undefined ? [] : parseIndex(index).files;
    return this.#open(download, (name) => name === singleFile || listed.includes(name));
  }

  /** Brings files whole. One that is not what was announced is fetched once more: it may have been damaged on the way. */
  async #fetchWhole(fetcher: RangeFetcher, files: readonly PartialFile[]): Promise<void> {
    const wanted: Wanted = new Map(files.map((file) => [file, whole(file.announced.bytes)]));
    const downloading = this.#progress;
    for (let again = false; ; again = true) {
      await fetcher.fetch(wanted);
      const damaged = await this.#damaged(files);
      if (damaged.length === 0) return;
      if (again) {
        const { name } = damaged[0]!.announced;
        const detail = `${name} arrived twice with another checksum than the hub announced.`;
        throw new Problem("hub/corrupt", detail, { file: name });
      }
      this.#report({ ...downloading, done: downloading.total });
      for (const file of damaged) fetcher.restart(file);
    }
  }

  async #damaged(files: readonly PartialFile[]): Promise<PartialFile[]> {
    const damaged: PartialFile[] = [];
    const verifying = this.#progress.phase === "download";
    const total = files.reduce((sum, { announced }) => sum + announced.bytes, 0);
    if (verifying) this.#report({ phase: "verify", done: 0, total });
    const read = (bytes: number) => {
      if (verifying) this.#report({ done: this.#progress.done + bytes });
    };
    for (const file of files)
      if (!(await isAnnounced(file, { signal: this.#connection.signal, read }))) damaged.push(file);
    return damaged;
  }

  /** Brings the first bytes of all files of weights at once. What a long header has beyond them is fetched when it is read. */
  async #fetchHeads(fetcher: RangeFetcher, weights: readonly PartialFile[]): Promise<void> {
    const { headBytes } = this.#limits;
    await fetcher.fetch(
      new Map(weights.map((file) => [file, [{ from: 0, to: Math.min(headBytes, file.announced.bytes) }]])),
    );
  }

  async #finish(download: DownloadFolder, files: HubFiles): Promise<void> {
    const { output } = this.#options;
    const { layers } = this.#source;
    await download.save();
    if (layers === undefined) return rename(download.model, output);
    this.#report({ phase: "truncate", done: 0, total: 0 });
    await truncateCheckpoint(files, output, layers);
  }

  #report(change: Partial<DownloadProgress>): void {
    const { done, ...next } = { ...this.#progress, ...change };
    this.#progress = { ...next, done: Math.max(0, done) };
    this.#options.report?.(this.#progress);
  }
}

const whole = (bytes: number): Range[] => [{ from: 0, to: bytes }];
