import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { poolingFile, sentenceTransformersFiles, type ResolvedEncoding } from "@espalier/contract";
import { findModules, findPrompts, writeRecord, type ModelSource } from "@espalier/model";
import { writeSentenceTransformers } from "./sentence-transformers.ts";

export interface Described {
  readonly encoding: ResolvedEncoding;
  /** Numbers in a hidden state. */
  readonly width: number;
  /** Prefixes of a vector that serve alone. @default none */
  readonly matryoshka?: readonly number[] | undefined;
}

/**
 * Writes into the folder of a trained model how it turns texts into vectors, so that nobody needs to say it again: in
 * `espalier.json`, and where the folder `base` is one of sentence-transformers in its files too. What those cannot say (a
 * template, a pooling of the content alone) they do not say wrongly: they are taken away.
 */
export async function describeFolder(
  directory: string,
  base: ModelSource,
  { encoding, width, matryoshka }: Described,
): Promise<void> {
  const modules = await findModules(base, width);
  const prompts = await findPrompts(base);
  await removeSentenceTransformers(directory);
  await writeRecord(directory, { encoding, matryoshka });
  const { pooling, pooled, maxLength, template } = encoding;
  if (modules === undefined || pooled !== "sequence" || template !== "none") return;
  const dimensions = matryoshka ? Math.max(...matryoshka) : modules.dimensions;
  await writeSentenceTransformers(directory, {
    width,
    pooling,
    maxLength,
    prompts,
    normalizes: modules.normalizes,
    dimensions,
  });
}

/** Takes away what sentence-transformers reads beside a transformers model. */
export async function removeSentenceTransformers(directory: string): Promise<void> {
  for (const name of sentenceTransformersFiles) await rm(join(directory, name), { force: true });
  await rm(join(directory, dirname(poolingFile)), { recursive: true, force: true });
}
