import { rm } from "node:fs/promises";
import { createReadStream } from "node:fs";
import type { Corpus } from "@espalier/contract/compute";
import { readTexts, readTriplets } from "@espalier/model/data";
import { saveLayers, trimVocabulary, type CorpusText } from "@espalier/model";

/** Writes some layers of a model, and of its tokens those alone that a corpus uses, where there is one. */
export async function writePruned(
  model: string,
  output: string,
  options: Parameters<typeof saveLayers>[2],
  adapter: Parameters<typeof saveLayers>[3],
  corpus: Corpus | undefined,
): Promise<void> {
  if (corpus === undefined) return saveLayers(model, output, options, adapter);
  const whole = `${output}.whole`;
  try {
    await saveLayers(model, whole, options, adapter);
    await trimVocabulary(whole, output, () => textsOf(corpus));
  } finally {
    await rm(whole, { recursive: true, force: true });
  }
}

async function* textsOf({ path, texts }: Corpus): AsyncIterable<CorpusText> {
  if (texts) {
    yield* readTexts(createReadStream(path));
    return;
  }
  for await (const { query, instruction, positive, negatives } of readTriplets(createReadStream(path))) {
    yield { text: query, instruction };
    for (const text of [positive, ...negatives]) yield { text };
  }
}
