import * as contract from "@espalier/contract";
import { joinAlternatives } from "./alternatives.ts";
import { textPattern } from "../http/document.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

/** What may stand beside a `$ref`, because it says something of the place and not of the schema. */
const ofThePlace = ["description", "default"] as const;

/** A schema that is written out more than once pays for its name. */
const leastLength = 90;

/** The contract's schemas by what they say; the ids of nouns and the specs of kinds are among them. */
function namedSchemas(): ReadonlyMap<string, { name: string; schema: JsonObject }> {
  const capital = (word: string): string => `${word[0]!.toUpperCase()}${word.slice(1)}`;
  const ids = Object.keys(contract.idPrefixes).map((noun) => [
    `${capital(noun)}Id`,
    contract.idOf(noun as contract.IdKind),
  ]);
  const specs = Object.entries(contract.runSpecs).map(([kind, spec]) => [`${capital(kind)}Spec`, spec]);
  const named = new Map<string, { name: string; schema: JsonObject }>();
  for (const [name, value] of [...Object.entries(contract), ...ids, ...specs] as [string, unknown][]) {
    if (!isSchema(value)) continue;
    const schema = plain(value);
    const said = saying(schema);
    // What is short by itself is the same only where the same is said of it.
    const key = said.length >= leastLength || name.endsWith("Id") ? said : whole(schema);
    if ((key.length >= leastLength || name.endsWith("Id")) && !named.has(key))
      named.set(key, { name, schema });
  }
  return named;
}

const isSchema = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  ["type", "anyOf", "enum"].some((keyword) => Object.hasOwn(value, keyword));

/** A schema as JSON has it, without the marks of TypeBox. */
const plain = (schema: object): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject;

/** What a schema says, wherever it stands. */
const saying = (schema: JsonObject): string =>
  JSON.stringify(Object.fromEntries(Object.entries(schema).filter(([name]) => !isOfThePlace(name))));
/** A schema with what is said of it, but without what it is by default in a place. */
const whole = (schema: JsonObject): string =>
  JSON.stringify(Object.fromEntries(Object.entries(schema).filter(([name]) => name !== "default")));
const isOfThePlace = (name: string): boolean => (ofThePlace as readonly string[]).includes(name);

/** A value of one type, or null, in one schema; undefined where the alternatives are others. */
function ofTypeOrNull(alternatives: Json[]): JsonObject | undefined {
  const [one, other, ...more] = alternatives;
  if (!isObject(one!) || !isObject(other!) || more.length > 0 || other["type"] !== "null") return undefined;
  const isClosed = "enum" in one || "const" in one || "description" in one;
  return typeof one["type"] === "string" && !isClosed ? { ...one, type: [one["type"], "null"] } : undefined;
}

/** Writes schemas with references to `#/components/schemas`, and remembers which are needed there. */
export class Components {
  readonly #named = namedSchemas();
  readonly #needed = new Map<string, JsonObject>();

  /** Those that were referred to, by name. */
  get schemas(): JsonObject {
    return Object.fromEntries(this.#needed);
  }

  write(schema: object): JsonObject {
    return this.#write(plain(schema));
  }

  #write(schema: JsonObject): JsonObject {
    const known = this.#named.get(saying(schema)) ?? this.#named.get(whole(schema));
    if (known === undefined) return this.#inside(schema);
    if (!this.#needed.has(known.name)) {
      // It is there while its inside is written, which may refer to it.
      this.#needed.set(known.name, {});
      this.#needed.set(known.name, this.#inside(known.schema));
    }
    const differs = Object.entries(schema).filter(
      ([name, value]) => isOfThePlace(name) && value !== known.schema[name],
    );
    return { $ref: `#/components/schemas/${known.name}`, ...Object.fromEntries(differs) };
  }

  #inside(schema: JsonObject): JsonObject {
    const written = Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [keyword, this.#keyword(keyword, value)]),
    );
    const isText = Object.keys(written).every((name) => name === "type" || isOfThePlace(name));
    if (written["type"] === "string" && isText) {
      const { type: _, ...place } = written;
      this.#needed.set("Text", { type: "string", pattern: textPattern });
      return { $ref: "#/components/schemas/Text", ...place };
    }
    if (Array.isArray(written["anyOf"])) {
      written["anyOf"] = joinAlternatives(written["anyOf"]);
      const nullable = ofTypeOrNull(written["anyOf"]);
      if (nullable)
        return {
          ...nullable,
          ...Object.fromEntries(Object.entries(written).filter(([name]) => name !== "anyOf")),
        };
    }
    // What is constant is of its own type.
    if ("const" in written) delete written["type"];
    const isFree = ["pattern", "enum", "const", "format"].every((keyword) => !(keyword in written));
    return written["type"] === "string" && isFree ? { ...written, pattern: textPattern } : written;
  }

  #keyword(keyword: string, value: Json): Json {
    if (["properties", "patternProperties"].includes(keyword) && isObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#any(each)]));
    if (["anyOf", "allOf", "oneOf", "prefixItems"].includes(keyword) && Array.isArray(value))
      return value.map((each) => this.#any(each));
    if (["items", "additionalProperties", "not"].includes(keyword)) return this.#any(value);
    return value;
  }

  #any = (value: Json): Json => (isObject(value) ? this.#write(value) : value);
}
