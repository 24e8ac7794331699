import { formatJson, type JsonObject, type JsonValue } from "../checkpoint/json.ts";
import { objectOf, tokenizerConfigFile, tokenizerFile } from "../tokenizer-files/read.ts";
import { keptTokens, vocabularyOf } from "./kept-tokens.ts";
import { withIds } from "./post-processor-ids.ts";

interface TrimmedTokenizer {
  /** The text of tokenizer.json. */
  readonly json: string;
  /** The text of tokenizer_config.json. */
  readonly config: string;
  /** The former id of each token, rising. */
  readonly ids: readonly number[];
  /** The new id of a former one; undefined for a token that is gone. */
  readonly idOf: (id: number) => number | undefined;
}

/**
 * A tokenizer with the tokens alone that some texts use, and those that {@link keptTokens} adds, numbered anew in their order.
 * @param used ids of tokens of the texts
 */
export function trimmedTokenizer(
  tokenizerJson: string,
  configJson: string,
  used: ReadonlySet<number>,
): TrimmedTokenizer {
  const spellings = new Map<string, string>();
  const root = objectOf(tokenizerJson, tokenizerFile, spellings);
  const { ids, merges } = keptTokens(root, used);
  const places = new Map(ids.map((id, place) => [id, place]));
  const idOf = (id: number) => places.get(id);
  const written: JsonObject = new Map(root);
  const model = new Map(root.get("model") as JsonObject);
  written.set("model", model);
  const vocabulary = vocabularyOf(model);
  const listed = model.get("vocab");
  const spelled = new Map([...spellings].filter(([path]) => !path.startsWith("/model/vocab/")));
  if (Array.isArray(listed)) {
    const own = ids.filter((id) => id < listed.length);
    model.set(
      "vocab",
      own.map((id) => listed[id]!),
    );
    for (const [place, id] of own.entries()) {
      const score = spellings.get(`/model/vocab/${id}/1`);
      if (score !== undefined) spelled.set(`/model/vocab/${place}/1`, score);
    }
    const unknown = model.get("unk_id");
    if (typeof unknown === "number") model.set("unk_id", idOf(unknown)!);
  } else {
    const own = [...vocabulary].filter(([, id]) => places.has(id));
    model.set("vocab", new Map(own.map(([token, id]) => [token, idOf(id)!])));
  }
  const rules = model.get("merges");
  if (Array.isArray(rules))
    model.set(
      "merges",
      merges.map((place) => rules[place]!),
    );
  written.set("post_processor", withIds(root.get("post_processor"), (id) => idOf(id) ?? id) ?? null);
  const padding = root.get("padding");
  if (padding instanceof Map) written.set("padding", withField(padding, "pad_id", idOf));
  const added = root.get("added_tokens");
  if (Array.isArray(added))
    written.set(
      "added_tokens",
      added.map((item) => (item instanceof Map ? withField(item, "id", idOf) : item)),
    );
  return { json: formatJson(written, spelled), config: trimmedConfig(configJson, idOf), ids, idOf };
}

function withField(part: JsonObject, field: string, idOf: TrimmedTokenizer["idOf"]): JsonObject {
  const id = part.get(field);
  return typeof id === "number" ? new Map([...part, [field, idOf(id) ?? id]]) : part;
}

/** tokenizer_config.json, whose added tokens have ids for keys. */
function trimmedConfig(configJson: string, idOf: TrimmedTokenizer["idOf"]): string {
  const spellings = new Map<string, string>();
  const config = objectOf(configJson, tokenizerConfigFile, spellings);
  const decoder = config.get("added_tokens_decoder");
  if (decoder instanceof Map) {
    const entries = [...decoder].flatMap(([id, token]): [string, JsonValue][] => {
      const place = idOf(Number(id));
      return place === undefined ? [] : [[String(place), token]];
    });
    config.set("added_tokens_decoder", new Map(entries));
  }
  return formatJson(config, spellings);
}
