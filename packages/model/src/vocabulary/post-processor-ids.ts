import type { JsonObject, JsonValue } from "../checkpoint/json.ts";

/** The ids of tokens that a post-processor puts around a text. */
export function idsOfPostProcessor(part: JsonValue | undefined): number[] {
  const ids: number[] = [];
  withIds(part, (id) => {
    ids.push(id);
    return id;
  });
  return ids;
}

/**
 * A post-processor with other ids: those of the `special_tokens` of a template, of the `cls` and `sep` of BERT's and RoBERTa's, and of
 * those in a sequence of such.
 */
export function withIds(part: JsonValue | undefined, idOf: (id: number) => number): JsonValue | undefined {
  if (!(part instanceof Map)) return part;
  const changed: JsonObject = new Map(part);
  const processors = part.get("processors");
  if (Array.isArray(processors))
    changed.set(
      "processors",
      processors.map((item) => withIds(item, idOf)!),
    );
  const special = part.get("special_tokens");
  if (special instanceof Map)
    changed.set(
      "special_tokens",
      new Map([...special].map(([name, token]) => [name, tokenWithIds(token, idOf)])),
    );
  for (const name of ["cls", "sep"]) {
    const pair = part.get(name);
    if (Array.isArray(pair) && typeof pair[1] === "number") changed.set(name, [pair[0]!, idOf(pair[1])]);
  }
  return changed;
}

function tokenWithIds(token: JsonValue, idOf: (id: number) => number): JsonValue {
  const ids = token instanceof Map ? token.get("ids") : undefined;
  if (!(token instanceof Map) || !Array.isArray(ids)) return token;
  return new Map([...token, ["ids", ids.map((id) => (typeof id === "number" ? idOf(id) : id))]]);
}
