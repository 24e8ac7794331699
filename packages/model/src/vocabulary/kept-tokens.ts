import { Problem } from "@espalier/contract";
import type { JsonObject, JsonValue } from "../checkpoint/json.ts";
import { characterOf } from "../tokenizer/bytes.ts";
import { neededMerges } from "./needed-merges.ts";
import { idsOfPostProcessor } from "./post-processor-ids.ts";

/** What stays of a tokenizer.json. */
interface KeptTokens {
  /** Ids, rising. */
  readonly ids: readonly number[];
  /** Of byte-pair encoding: places in the list of merges, rising. */
  readonly merges: readonly number[];
}

/**
 * The tokens without which texts would be cut into others: those that they use, and what byte-pair encoding makes these of; added
 * tokens, those around a text, the unknown and the padding one; those that spell bytes, so that no text becomes impossible; and the
 * least likely token of a unigram model, on which the price of an unknown character depends.
 * @param used ids of tokens of the texts
 * @throws {Problem} `config/unsupported` for a tokenizer that cannot be trimmed
 */
export function keptTokens(root: JsonObject, used: ReadonlySet<number>): KeptTokens {
  const model = root.get("model") as JsonObject;
  const vocabulary = vocabularyOf(model);
  const tokens = new Map([...vocabulary].map(([token, id]) => [id, token]));
  const added = addedIds(root, tokens);
  const kept = new Set<number>();
  const keep = (id: JsonValue | undefined) => {
    if (typeof id === "number" && (tokens.has(id) || added.has(id))) kept.add(id);
  };
  for (const id of [...used, ...added, ...idsOfPostProcessor(root.get("post_processor"))]) keep(id);
  keep(model.get("unk_id"));
  const unknown = model.get("unk_token");
  if (typeof unknown === "string") keep(vocabulary.get(unknown));
  const padding = root.get("padding");
  if (padding instanceof Map) keep(padding.get("pad_id"));
  const alphabet = new Set(spellsBytes(root) ? characterOf : []);
  for (const [token, id] of vocabulary) if (isByte.test(token) || alphabet.has(token)) keep(id);
  keep(leastLikely(model));
  const merges = neededMerges(model, vocabulary, kept, tokens);
  return { ids: [...kept].sort((a, b) => a - b), merges };
}

/** The tokens of a model by what they are. */
export function vocabularyOf(model: JsonObject): ReadonlyMap<string, number> {
  const listed = model.get("vocab");
  if (listed instanceof Map) return listed as ReadonlyMap<string, number>;
  const list = Array.isArray(listed) ? listed : [];
  return new Map(list.map((entry, id) => [(entry as [string, number])[0], id]));
}

function addedIds(root: JsonObject, tokens: ReadonlyMap<number, string>): Set<number> {
  const list = root.get("added_tokens");
  const ids = new Set<number>();
  for (const item of Array.isArray(list) ? list : []) {
    const [id, content] = item instanceof Map ? [item.get("id"), item.get("content")] : [];
    if (typeof id !== "number") continue;
    const other = tokens.get(id);
    if (other !== undefined && other !== content)
      throw new Problem(
        "config/unsupported",
        `tokenizer.json gives the id ${id} to two tokens, ${JSON.stringify(other)} and ${JSON.stringify(content)}, so that its vocabulary cannot be trimmed; keep the whole vocabulary.`,
        { file: "tokenizer.json", field: "/added_tokens" },
      );
    ids.add(id);
  }
  return ids;
}

/** A byte as SentencePiece spells it. */
const isByte = /^<0x[0-9A-F]{2}>$/;

/** Whether texts become bytes before they become tokens. */
const spellsBytes = (root: JsonObject): boolean =>
  ["pre_tokenizer", "decoder", "normalizer"].some((name) => mentions(root.get(name), "ByteLevel"));

function mentions(value: JsonValue | undefined, type: string): boolean {
  if (Array.isArray(value)) return value.some((item) => mentions(item, type));
  if (!(value instanceof Map)) return false;
  return value.get("type") === type || [...value.values()].some((item) => mentions(item, type));
}

/** The id of the lowest score of a unigram model. */
function leastLikely(model: JsonObject): number | undefined {
  const list = model.get("vocab");
  if (!Array.isArray(list)) return undefined;
  const scores = list.map((entry) => (entry as [string, number])[1]);
  return scores.reduce((least, score, id) => (score < scores[least]! ? id : least), 0);
}
