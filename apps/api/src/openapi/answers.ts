import { isObject, type Json, type JsonObject } from "./json.ts";

const anchor = "#/components/schemas/";

/** Names of the schemas that a part of the description refers to, and of those that they refer to. */
function referredTo(part: Json, schemas: JsonObject, found: Set<string>): void {
  if (Array.isArray(part)) for (const each of part) referredTo(each, schemas, found);
  if (!isObject(part)) return;
  for (const [keyword, value] of Object.entries(part)) {
    if (keyword !== "$ref" || typeof value !== "string" || !value.startsWith(anchor))
      referredTo(value, schemas, found);
    else if (!found.has(value.slice(anchor.length))) {
      found.add(value.slice(anchor.length));
      referredTo(schemas[value.slice(anchor.length)] ?? null, schemas, found);
    }
  }
}

/** Writes a schema that one other schema refers to, and nothing else does, where it is referred to. */
export function inlineParts(places: readonly Json[], schemas: JsonObject): void {
  const uses = new Map<string, JsonObject[]>();
  const outside: JsonObject = {};
  const count = (part: Json, isInside: boolean): void => {
    if (Array.isArray(part)) for (const each of part) count(each, isInside);
    if (!isObject(part)) return;
    const { $ref } = part;
    if (typeof $ref === "string" && $ref.startsWith(anchor)) {
      const name = $ref.slice(anchor.length);
      uses.set(name, [...(uses.get(name) ?? []), isInside ? part : outside]);
    }
    for (const each of Object.values(part)) count(each, isInside);
  };
  for (const each of places) count(each, false);
  count(schemas, true);
  for (const [name, [place, ...others]] of uses) {
    if (place === undefined || place === outside || others.length > 0) continue;
    const { $ref: _, ...said } = place;
    delete place["$ref"];
    Object.assign(place, schemas[name] as JsonObject, said);
    delete schemas[name];
  }
}

/** A text that is not free: an id, a name, a tag. */
const isWritten = (schema: Json | undefined): boolean =>
  isObject(schema) && schema["type"] === "string" && schema["pattern"] !== undefined;

const bounds = ["minimum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"];

/**
 * Which characters a text may have, what an id looks like, and how much a value may be, is said to whoever sends one. In answers that would
 * be a twentieth of the description: there a text is a text, and a number a number.
 * @param requests what has schemas of requests
 * @param answers what has schemas of answers alone; changed in place, as are the schemas that no request refers to
 */
export function simplifyAnswers(
  requests: readonly Json[],
  answers: readonly JsonObject[],
  schemas: JsonObject,
): void {
  const sent = new Set<string>();
  for (const each of requests) referredTo(each, schemas, sent);
  const simplify = (part: Json): void => {
    if (Array.isArray(part)) for (const each of part) simplify(each);
    if (!isObject(part)) return;
    const { $ref } = part;
    if (typeof $ref === "string" && isWritten(schemas[$ref.slice(anchor.length)])) {
      delete part["$ref"];
      part["type"] = "string";
    }
    // A property may be called so too.
    for (const bound of bounds) if (typeof part[bound] !== "object") delete part[bound];
    for (const each of Object.values(part)) simplify(each);
  };
  for (const each of answers) simplify(each);
  for (const [name, schema] of Object.entries(schemas))
    if (!sent.has(name) && !isWritten(schema)) simplify(schema);
  for (const [name, schema] of Object.entries(schemas))
    if (!sent.has(name) && isWritten(schema)) delete schemas[name];
}
