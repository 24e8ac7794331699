import { rm } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { keptLayers, type FixedLayersRef, type KeptLayers } from "@espalier/contract";
import type { Corpus, PruneFolderJob } from "@espalier/contract/compute";
import { readTexts, readTriplets } from "@espalier/model/data";
import {
  findAdapter,
  folderEncoding,
  onBase,
  saveLayers,
  trimVocabulary,
  type CorpusText,
  type ModelConfig,
} from "@espalier/model";

type WrittenBytes = NonNullable<Parameters<typeof saveLayers>[2]["onBytes"]>;

/** What a pruning is told. */
type Pruning = Pick<PruneFolderJob, "model" | "output" | "vocabularyOf"> & {
  readonly layers: FixedLayersRef | KeptLayers;
};

/**
 * Writes some layers of a folder, its adapter merged into them where it holds one, and of its tokens those alone that a corpus uses,
 * where there is one.
 * @returns whether an adapter was merged
 */
export async function writePruned(
  { model, output, layers: ref, vocabularyOf: corpus }: Pruning,
  config: ModelConfig,
  onBytes: WrittenBytes,
): Promise<boolean> {
  const found = await findAdapter(model);
  const { layers, adapter } = found
    ? onBase(found, config, ref)
    : { layers: keptLayers(ref, config.layers), adapter: undefined };
  // A folder that was trained in both directions without its config saying so is written with a config that does.
  const { attention } = await folderEncoding(model, {});
  const save = (folder: string) => saveLayers(model, folder, { layers, attention, onBytes }, adapter);
  if (corpus === undefined) await save(output);
  else {
    const whole = `${output}.whole`;
    try {
      await save(whole);
      await trimVocabulary(whole, output, () => textsOf(corpus));
    } finally {
      await rm(whole, { recursive: true, force: true });
    }
  }
  return found !== undefined;
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
