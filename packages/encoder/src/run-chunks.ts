import type { Pooling } from "@espalier/contract";
import type { TokenizedText } from "@espalier/model/tokenizer";
import type { Executable, Tensor } from "@espalier/tensor";
import { rotaryKind } from "./blocks/rotary-tables.ts";
import { groupIntoChunks } from "./chunks.ts";
import { inOrder } from "./in-order.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { textFeeds } from "./text-feeds.ts";

/** Texts for a graph of `textEncoder`. */
export interface TextBatch {
  readonly model: Pick<LoadedModel, "config" | "embedding">;
  readonly texts: readonly TokenizedText[];
  readonly pooling: Pooling;
  /** Most tokens that are computed at once, padding included. */
  readonly chunkTokens: number;
}

export interface RunOptions {
  /** What a chunk is fed besides its texts, given their numbers in the batch and the tokens of the longest. */
  readonly more?: (chunk: readonly number[], time: number) => Record<string, Tensor>;
  /** Looked at before each chunk; the iteration then throws its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One chunk: row i of each result belongs to text `chunk[i]` of the batch. */
export interface ChunkResults {
  readonly chunk: readonly number[];
  readonly results: Record<string, Tensor>;
}

/** Texts that are computed at once, and what a graph is fed for them. */
interface Chunk {
  /** Numbers of the texts in the batch. */
  readonly chunk: readonly number[];
  readonly feeds: Record<string, Tensor>;
}

/** The chunks of a batch, in the order in which they are run. */
export function* chunksOf(
  { model, texts, pooling, chunkTokens }: TextBatch,
  { more }: Pick<RunOptions, "more"> = {},
): Generator<Chunk> {
  const lengths = texts.map(({ ids }) => ids.length);
  for (const chunk of groupIntoChunks(lengths, chunkTokens, (length) => rotaryKind(model.config, length))) {
    const feeds = textFeeds(
      model,
      chunk.map((i) => texts[i]!),
      pooling,
    );
    const time = feeds["embeddings"]!.shape[1]!;
    yield { chunk, feeds: { ...feeds, ...more?.(chunk, time) } };
  }
}

/** Runs a graph over texts, chunk by chunk, so that memory is bounded by the chunk and not by the number of texts. */
export async function* runChunks(
  executable: Executable,
  batch: TextBatch,
  { more, signal }: RunOptions = {},
): AsyncGenerator<ChunkResults> {
  yield* inOrder(chunksOf(batch, more && { more }), executable.atOnce ?? 1, async ({ chunk, feeds }) => {
    signal?.throwIfAborted();
    return { chunk, results: await executable.run(feeds) };
  });
}
