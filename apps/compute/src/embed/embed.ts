import { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isProblem, Problem } from "@espalier/contract";
import {
  textsDescriptor,
  vectorsDescriptor,
  type EmbedJob,
  type OutcomeOf,
} from "@espalier/contract/compute";
import type { Encoder, EmbedOptions } from "@espalier/encoder";
import { readTextLines } from "@espalier/model/data";
import type { Computation } from "../computation.ts";
import { openEncoder } from "../open.ts";
import { atPlace, textBatches, type TextBatch } from "./text-batches.ts";
import { formatVectors } from "./vectors.ts";

/**
 * Writes one vector for each text, in order. Texts are read as their vectors are taken: however many there are, a batch
 * of them is in memory.
 */
export async function embed(
  job: EmbedJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"embed">> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const { encoder: whole } = await openEncoder(job.model, { encoding: job.encoding }, { engine, report });
  const encoder = job.layers === undefined ? whole : whole.keep(job.layers);
  const started = performance.now();
  let tokens = 0;
  let texts = 0;
  const { instruction, separator, dimensions, normalize } = job;
  const batches = textBatches(job.texts === undefined ? lines() : Readable.from(job.texts));
  const unit = job.texts === undefined ? "line" : "text";
  const rows = embedBatches(
    encoder,
    batches,
    { instruction, separator, dimensions, normalize, signal },
    unit,
    (embedded, read) => {
      texts += embedded;
      tokens += read;
      report.progress({ phase: "embed", done: texts, total: 0, unit: "texts" });
    },
  );
  const output = new Socket({ fd: vectorsDescriptor, readable: false, writable: true });
  const width = dimensions ?? encoder.width;
  await pipeline(formatVectors[job.format](rows, width), output);
  return {
    kind: "embed",
    texts,
    width,
    tokens,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Lines of the command line's standard input, which may have none. */
async function* lines(): AsyncGenerator<string> {
  const bytes = new Socket({ fd: textsDescriptor, readable: true, writable: false });
  try {
    yield* readTextLines(bytes);
  } catch (error) {
    if (!isProblem(error) || error.code !== "dataset/empty") throw error;
  }
}

/**
 * Vectors of batches of texts.
 * @param unit what a text is called in an error
 * @param embedded called after each batch with how many texts and tokens it had
 */
export async function* embedBatches(
  encoder: Encoder,
  batches: AsyncIterable<TextBatch>,
  options: EmbedOptions,
  unit: "line" | "text",
  embedded: (texts: number, tokens: number) => void,
): AsyncGenerator<Float32Array[]> {
  for await (const batch of batches) {
    let tokens = 0;
    try {
      const vectors = await encoder.embed(batch.texts, {
        ...options,
        report: (progress) => (tokens = progress.tokens),
      });
      const broken = vectors.findIndex((vector) => !vector.every(Number.isFinite));
      if (broken >= 0)
        throw new Problem("checkpoint/non-finite", "its vector is not finite; check the model's weights", {
          field: `/${broken}`,
        });
      embedded(batch.texts.length, tokens);
      yield vectors;
    } catch (error) {
      throw atPlace(error, batch, unit);
    }
  }
}
