import type { JsonValue } from "../checkpoint/json.ts";

/** Settings of parts of tokenizer.json that no id depends on. */
const withoutEffect = new Set(["trim_offsets", "type_id"]);
/** What a part says where it does not say it. */
const defaults: Readonly<Record<string, Readonly<Record<string, JsonValue>>>> = {
  ByteLevel: { use_regex: true },
  Metaspace: { split: true, prepend_scheme: "always" },
};
const lists = ["normalizers", "pretokenizers"];

/**
 * What a normalizer or a pre-tokenizer means, as a text: two that say the same are equal, however they are spelled. Parts that
 * spell one thing in two ways may still differ.
 */
export function meaningOf(part: JsonValue | undefined): string {
  return JSON.stringify(plain(part));
}

function plain(part: JsonValue | undefined): unknown {
  if (Array.isArray(part)) return part.map(plain);
  if (!(part instanceof Map)) return part ?? null;
  const type = part.get("type");
  const items = lists.map((name) => part.get(name)).find(Array.isArray);
  if (type === "Sequence" && items !== undefined)
    return items.length === 0 ? null : items.length === 1 ? plain(items[0]) : items.map(plain);
  const filled = { ...(typeof type === "string" ? defaults[type] : undefined), ...Object.fromEntries(part) };
  return Object.entries(filled)
    .filter(([name]) => !withoutEffect.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, plain(value)]);
}

/** The ids that a post-processor puts before and after a text, as a text. */
export function aroundOf(part: JsonValue | undefined): string {
  return JSON.stringify(around(part));
}

type Around = readonly [before: readonly JsonValue[], after: readonly JsonValue[]];

function around(part: JsonValue | undefined): Around {
  if (!(part instanceof Map)) return [[], []];
  const items = part.get("processors");
  if (Array.isArray(items))
    return items.map(around).find(([before, after]) => before.length + after.length > 0) ?? [[], []];
  const [cls, sep] = ["cls", "sep"].map((name) => part.get(name));
  if (Array.isArray(cls) && Array.isArray(sep)) return [[cls[1] ?? null], [sep[1] ?? null]];
  const single = part.get("single");
  if (!Array.isArray(single)) return [[], []];
  const ids = single.map((piece) => idsOf(piece, part.get("special_tokens")));
  const text = ids.indexOf(undefined);
  return [ids.slice(0, text).flat() as JsonValue[], ids.slice(text + 1).flat() as JsonValue[]];
}

/** The ids of a piece of a template; undefined for the text itself. */
function idsOf(piece: JsonValue, tokens: JsonValue | undefined): readonly JsonValue[] | undefined {
  const special = piece instanceof Map ? piece.get("SpecialToken") : undefined;
  if (!(special instanceof Map)) return undefined;
  const id = special.get("id");
  const entry: JsonValue | undefined =
    tokens instanceof Map && typeof id === "string" ? tokens.get(id) : undefined;
  const ids = entry instanceof Map ? entry.get("ids") : undefined;
  return Array.isArray(ids) ? ids : [];
}
