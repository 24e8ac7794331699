import { poolingFile, type Pooling } from "@espalier/contract";
import { checkFields, harmless, obeyed, refuseFieldOf, type FieldTable } from "../checkpoint/field-table.ts";
import type { ModelSource } from "../files/read-text.ts";
import { findObject, unusable } from "./read-object.ts";

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

const prefix = "pooling_mode_";
const width = harmless("the width is what config.json says");

const fields: FieldTable = {
  word_embedding_dimension: width,
  embedding_dimension: width,
  pooling_mode: obeyed,
  include_prompt: obeyed,
};

/** Whether the pooling takes a prompt before a text in; without the file it does. */
export const poolsPrompts = async (source: ModelSource): Promise<boolean> =>
  (await findObject(source, poolingFile))?.get("include_prompt") !== false;

/**
 * The pooling that `1_Pooling/config.json` names; undefined where there is no such file.
 * @throws {Problem} `config/unsupported` when it names one that is not there
 */
export async function findPooling(source: ModelSource): Promise<Pooling | undefined> {
  const root = await findObject(source, poolingFile);
  if (root === undefined) return undefined;
  const others = new Map([...root].filter(([key]) => !key.startsWith(prefix)));
  checkFields(others, fields, refuseFieldOf(poolingFile));
  const one = root.get("pooling_mode");
  const named = Array.isArray(one) ? one : [one];
  const modes = named.every((mode) => typeof mode === "string")
    ? named
    : [...root].flatMap(([key, on]) =>
        key.startsWith(prefix) && on === true ? [key.slice(prefix.length)] : [],
      );
  const pooling = modes.length === 1 ? spellings.get(modes[0]!) : undefined;
  if (pooling !== undefined) return pooling;
  const asked = modes.length === 0 ? "no pooling" : `the pooling ${modes.join(" and ").slice(0, 80)}`;
  throw unusable(poolingFile, `names ${asked}, which there is not here; choose one in the encoding`);
}
