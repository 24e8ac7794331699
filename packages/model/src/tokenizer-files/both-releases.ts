import type { JsonObject } from "../checkpoint/json.ts";
import type { Completed } from "./completed.ts";

/** The class that takes tokenizer.json as it is, by the name under which releases 4 and 5 of transformers both know it. */
const plainClass = "PreTrainedTokenizerFast";

/**
 * A tokenizer_config.json by which releases 4 and 5 of transformers take the completed tokenizer.json as it is: with what the
 * class that it named before would have said of tokens, padding and inputs.
 */
export function asPlainClass({
  config: before,
  root,
  class: { tokens, paddingSide },
}: Completed): JsonObject {
  const config: JsonObject = new Map(before);
  config.set("tokenizer_class", plainClass);
  for (const [name, token] of Object.entries(tokens)) if (!config.has(name)) config.set(name, token);
  if (!config.has("padding_side")) config.set("padding_side", paddingSide);
  if (!config.has("model_input_names")) config.set("model_input_names", ["input_ids", "attention_mask"]);
  const pre = root.get("pre_tokenizer");
  const adds = pre instanceof Map ? pre.get("add_prefix_space") : undefined;
  // Release 4 takes it for false where it is not there.
  if (typeof adds === "boolean") config.set("add_prefix_space", adds);
  return config;
}
