import { Problem, poolingFile, type Encoding, type Pooling } from "@espalier/contract";
import type { ModelConfig } from "./architectures/model-config.ts";
import { parseConfig } from "./checkpoint/config.ts";
import { findText, readText } from "./files/read-text.ts";
import { JsonError, parseJson, type JsonObject } from "./checkpoint/json.ts";

const maxConfigBytes = 1024 * 1024;

/** An encoding of which anything may be undefined, or absent. */
type Given = { readonly [Name in keyof Encoding]?: Encoding[Name] | undefined };

/**
 * An encoding whose pooling is what the model in a folder was made for, where it does not say another: what
 * `1_Pooling/config.json` of sentence-transformers names, over the whole sequence as it does; else as {@link usualEncoding}.
 * @throws {Problem} `config/unsupported` when the file is needed, and names a pooling that is not there
 */
export async function folderEncoding(directory: string, given: Given): Promise<Encoding> {
  const config = parseConfig(await readText(directory, "config.json", maxConfigBytes));
  const named = given.pooling === undefined ? await namedPooling(directory) : undefined;
  return usualEncoding(
    config,
    named === undefined ? given : { ...given, pooling: named, pooled: given.pooled ?? "sequence" },
  );
}

/**
 * An encoding with what is usual for an architecture where it says nothing: the mean of the whole sequence for BERT and its
 * kin, which are known by their table of positions, and no more tokens than the table has rows.
 */
export function usualEncoding({ embedding }: Pick<ModelConfig, "embedding">, given: Given): Encoding {
  const encoding = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Encoding;
  const { positions } = embedding;
  if (positions === undefined) return encoding;
  const most = positions.rows - positions.first;
  const maxLength = Math.min(encoding.maxLength ?? defaultLength, most);
  return { pooling: "mean", pooled: "sequence", ...encoding, maxLength };
}

const defaultLength = 512;

/** How sentence-transformers spells poolings: after `pooling_mode_` until release 5.3, as `pooling_mode` from 5.4 on. */
const spellings: ReadonlyMap<string, Pooling> = new Map([
  ["cls_token", "cls"],
  ["cls", "cls"],
  ["mean_tokens", "mean"],
  ["mean", "mean"],
  ["weightedmean_tokens", "weighted_mean"],
  ["weightedmean", "weighted_mean"],
  ["lasttoken", "last_token"],
]);

async function namedPooling(directory: string): Promise<Pooling | undefined> {
  const root = await readObject(directory);
  if (root === undefined) return undefined;
  const prefix = "pooling_mode_";
  const one = root.get("pooling_mode");
  const modes =
    typeof one === "string"
      ? [one]
      : [...root].flatMap(([key, on]) =>
          key.startsWith(prefix) && on === true ? [key.slice(prefix.length)] : [],
        );
  const pooling = modes.length === 1 ? spellings.get(modes[0]!) : undefined;
  if (pooling !== undefined) return pooling;
  const asked = modes.length === 0 ? "no pooling" : `the pooling ${modes.join(" and ").slice(0, 80)}`;
  throw unusable(`names ${asked}, which there is not here; choose one in the encoding`);
}

async function readObject(directory: string): Promise<JsonObject | undefined> {
  const text = await findText(directory, poolingFile, maxConfigBytes);
  if (text === undefined) return undefined;
  try {
    const root = parseJson(text);
    if (root instanceof Map) return root;
    throw unusable("is not a JSON object");
  } catch (error) {
    if (error instanceof JsonError) throw unusable(`is not valid JSON (${error.message})`);
    throw error;
  }
}

const unusable = (what: string): Problem =>
  new Problem("config/unsupported", `${poolingFile} ${what}`, { file: poolingFile });
