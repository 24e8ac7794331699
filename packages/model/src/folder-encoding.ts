import { poolingFile, type Encoding, type Mode } from "@espalier/contract";
import type { ModelConfig } from "./architectures/model-config.ts";
import { parseConfig } from "./checkpoint/config.ts";
import { missing, readText, type ModelSource } from "./files/read-text.ts";
import { findModules } from "./modules/modules.ts";
import { findPooling } from "./modules/pooling.ts";
import { findRecord } from "./modules/record.ts";

const maxConfigBytes = 1024 * 1024;

/** An encoding of which anything may be undefined, or absent. */
type Given = { readonly [Name in keyof Encoding]?: Encoding[Name] | undefined };

/**
 * An encoding that is what the model in a folder was made for, where it does not say something else: what `espalier.json` of a
 * folder that was trained here says; else the pooling that `1_Pooling/config.json` of sentence-transformers names, over the
 * whole sequence as it does, and the longest text of its Transformer module; else as {@link usualEncoding}.
 * @param mode in reference mode a template that nobody names is the one for the model's name, as l3prune chooses it
 * @throws {Problem} `config/unsupported` when the pooling is needed, and is one that is not there; and for modules that are
 * not computed
 */
export async function folderEncoding(
  source: ModelSource,
  given: Given,
  mode: Mode = "default",
): Promise<Encoding> {
  const encoding = await statedEncoding(source, given);
  return mode === "reference" && encoding.template === undefined
    ? { ...encoding, template: "auto" }
    : encoding;
}

async function statedEncoding(source: ModelSource, given: Given): Promise<Encoding> {
  const config = parseConfig(await readText(source, "config.json", maxConfigBytes));
  const modules = await findModules(source, config.hiddenSize);
  const record = await findRecord(source);
  if (record !== undefined) return usualEncoding(config, { ...record.encoding, ...stated(given) });
  const named = given.pooling === undefined ? await findPooling(source) : undefined;
  if (modules !== undefined && named === undefined && given.pooling === undefined)
    throw await missing(source, poolingFile);
  const longest = given.maxLength ?? modules?.maxLength;
  return usualEncoding(config, {
    ...given,
    ...(named && { pooling: named, pooled: given.pooled ?? "sequence" }),
    ...(longest !== undefined && { maxLength: Math.min(longest, maxTokens) }),
  });
}

/** The longest text that an encoding may name. */
const maxTokens = 8192;

/**
 * An encoding with what is usual for an architecture where it says nothing: the mean of the whole sequence for BERT and its
 * kin, which are known by their table of positions, and no more tokens than the table has rows.
 */
export function usualEncoding({ embedding }: Pick<ModelConfig, "embedding">, given: Given): Encoding {
  const encoding = stated(given);
  const { positions } = embedding;
  if (positions === undefined) return encoding;
  const most = positions.rows - positions.first;
  const maxLength = Math.min(encoding.maxLength ?? defaultLength, most);
  return { pooling: "mean", pooled: "sequence", ...encoding, maxLength };
}

const stated = (given: Given): Encoding =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

const defaultLength = 512;
