import type { JsonObject } from "../checkpoint/json.ts";

/** The class that release 5 of transformers writes and release 4 does not know; it reads `tokenizer.json` as it is. */
const newClass = "TokenizersBackend";

/**
 * Changes a `tokenizer_config.json` so that releases 4 and 5 of transformers load the same tokenizer: by a class that both
 * know, and with the list of special tokens under the name that both read.
 * @returns whether anything was changed
 */
export function loadByBoth(config: JsonObject): boolean {
  let changed = false;
  if (config.get("tokenizer_class") === newClass) {
    config.set("tokenizer_class", "PreTrainedTokenizerFast");
    config.delete("backend");
    changed = true;
  }
  const extra = config.get("extra_special_tokens");
  if (Array.isArray(extra)) {
    config.delete("extra_special_tokens");
    const before = config.get("additional_special_tokens");
    const known = Array.isArray(before) ? before : [];
    const added = extra.filter((token) => !known.includes(token));
    if (known.length + added.length > 0) config.set("additional_special_tokens", [...known, ...added]);
    changed = true;
  }
  return changed;
}
