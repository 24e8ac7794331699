import { isObject, type Json, type JsonObject } from "./json.ts";

const referenceTo = (kind: string, name: string): JsonObject => ({ $ref: `#/components/${kind}/${name}` });

/** The name, or the name with the least number from 2 on that is not taken. */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  for (let n = 1; ; n++) {
    const free = n === 1 ? name : `${name}${n}`;
    if (!isTaken(free)) return free;
  }
}

/** Values that several places have alike, by what they say; each gets a name. */
function named(values: readonly JsonObject[], nameOf: (value: JsonObject) => string): Map<string, string> {
  const uses = new Map<string, number>();
  for (const text of values.map((each) => JSON.stringify(each))) uses.set(text, (uses.get(text) ?? 0) + 1);
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [text, count] of uses) {
    if (count < 2) continue;
    const name = freeName(nameOf(JSON.parse(text) as JsonObject), (each) => taken.has(each));
    taken.add(name);
    names.set(text, name);
  }
  return names;
}

const byName = (names: ReadonlyMap<string, string>): JsonObject =>
  Object.fromEntries([...names].map(([text, name]) => [name, JSON.parse(text) as JsonObject]));

/** Writes parameters that several operations have once; returns those, for `#/components/parameters`. */
export function shareParameters(operations: readonly JsonObject[]): JsonObject {
  const listOf = ({ parameters = [] }: JsonObject) => parameters as JsonObject[];
  const names = named(operations.flatMap(listOf), ({ name }) => name as string);
  for (const operation of operations)
    if (operation["parameters"] !== undefined)
      operation["parameters"] = listOf(operation).map((each) => {
        const name = names.get(JSON.stringify(each));
        return name === undefined ? each : referenceTo("parameters", name);
      });
  return byName(names);
}

/** Writes parameters that all operations of a path have beside them, once: OpenAPI means them for each. */
export function shareInPath(path: JsonObject): void {
  const operations = Object.values(path) as JsonObject[];
  const lists = operations.map(({ parameters }) => (parameters ?? []) as JsonObject[]);
  const textsOf = (list: readonly JsonObject[] = []) => list.map((each) => JSON.stringify(each));
  const common = textsOf(lists[0]).filter((text) => lists.every((list) => textsOf(list).includes(text)));
  if (operations.length < 2 || common.length === 0) return;
  for (const [i, operation] of operations.entries()) {
    const own = lists[i]!.filter((each) => !common.includes(JSON.stringify(each)));
    if (own.length > 0) operation["parameters"] = own;
    else delete operation["parameters"];
  }
  path["parameters"] = common.map((text) => JSON.parse(text) as JsonObject);
}

/** Writes answers of JSON that several operations have once; returns those, for `#/components/responses`. */
export function shareAnswers(operations: readonly JsonObject[]): JsonObject {
  const answersOf = ({ responses }: JsonObject) => Object.entries(responses as JsonObject);
  const isShared = (answer: Json): answer is JsonObject =>
    isObject(answer) && schemaOf(answer) !== undefined && !("$ref" in answer);
  const all = operations.flatMap((operation) => answersOf(operation).map(([, answer]) => answer));
  const names = named(all.filter(isShared), nameOfAnswer);
  for (const operation of operations)
    operation["responses"] = Object.fromEntries(
      answersOf(operation).map(([status, answer]) => {
        const name = names.get(JSON.stringify(answer));
        return [status, name === undefined ? answer : referenceTo("responses", name)];
      }),
    );
  return byName(names);
}

const schemaOf = (answer: JsonObject): JsonObject | undefined =>
  ((answer["content"] as JsonObject | undefined)?.["application/json"] as JsonObject | undefined)?.[
    "schema"
  ] as JsonObject | undefined;

/** `Run` of an answer that is a run, `Runs` of one that has a list of runs. */
function nameOfAnswer(answer: JsonObject): string {
  const { $ref, properties } = schemaOf(answer)!;
  if (typeof $ref === "string") return $ref.split("/").at(-1)!;
  const { items } = (properties ?? {}) as { items?: { items?: { $ref?: string } } };
  const of = items?.items?.$ref?.split("/").at(-1);
  return of === undefined ? "Answer" : `${of}s`;
}

/** A schema that several places have is worth a name of its own when that makes the description so much shorter, in characters. */
const leastSaving = 40;
/**
 * What a name can be found for: numbers and lists are the same in many places that have nothing to do with one another, unless the same is
 * said of them.
 */
const isNoun = (schema: JsonObject): boolean =>
  ["properties", "anyOf", "enum", "pattern", "description"].some((keyword) => keyword in schema);

/**
 * Writes schemas that several places have alike once, under the name of a property that has it; first those that save most.
 * @param places what has schemas; changed in place
 * @param schemas `#/components/schemas`, which grow
 */
export function shareSchemas(places: readonly JsonObject[], schemas: JsonObject): void {
  for (;;) {
    const seen = new Map<string, { name: string; count: number }>();
    const note = (schema: JsonObject, name: string): void => {
      const text = JSON.stringify(schema);
      seen.set(text, { name, ...seen.get(text), count: (seen.get(text)?.count ?? 0) + 1 });
    };
    visitAll(places, schemas, (schema, name) => {
      if (isNoun(schema)) note(schema, name);
      return schema;
    });
    const worth = [...seen].map(([text, { name, count }]) => {
      const reference = JSON.stringify(referenceTo("schemas", name)).length;
      return { text, name, saving: (count - 1) * text.length - count * reference - name.length };
    });
    const [best] = worth.sort((a, b) => b.saving - a.saving || (a.name < b.name ? -1 : 1));
    if (best === undefined || best.saving < leastSaving) return;
    const name = freeName(best.name, (each) => each in schemas);
    const reference = referenceTo("schemas", name);
    visitAll(places, schemas, (schema) => (JSON.stringify(schema) === best.text ? { ...reference } : schema));
    schemas[name] = JSON.parse(best.text) as JsonObject;
  }
}

type Visit = (schema: JsonObject, name: string) => JsonObject;

function visitAll(places: readonly JsonObject[], schemas: JsonObject, visit: Visit): void {
  for (const place of places) visitPlace(place, visit);
  for (const [name, schema] of Object.entries(schemas))
    if (isObject(schema)) visitInside(schema, name, visit);
}

/** Looks for schemas in an operation, a parameter or a response. */
function visitPlace(place: JsonObject, visit: Visit, name = "Schema"): void {
  for (const [key, value] of Object.entries(place)) {
    if (Array.isArray(value))
      for (const each of value.filter((member) => isObject(member))) visitPlace(each, visit, name);
    if (!isObject(value)) continue;
    const called = typeof place["name"] === "string" ? place["name"] : name;
    if (key === "schema") place[key] = visitSchema(value, titleOf(called), visit);
    else visitPlace(value, visit, called);
  }
}

const titleOf = (name: string): string =>
  name
    .split(/\W+/)
    .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join("");

function visitSchema(schema: JsonObject, name: string, visit: Visit): JsonObject {
  const isPlain = Object.keys(schema).length === 1;
  if ("$ref" in schema && isPlain) return schema;
  const seen = visit(schema, name);
  if (seen === schema) visitInside(schema, name, visit);
  return seen;
}

function visitInside(schema: JsonObject, name: string, visit: Visit): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (["properties", "patternProperties"].includes(keyword) && isObject(value)) {
      for (const [property, each] of Object.entries(value))
        if (isObject(each)) value[property] = visitSchema(each, titleOf(property), visit);
    } else if (["anyOf", "allOf", "oneOf", "prefixItems"].includes(keyword) && Array.isArray(value))
      schema[keyword] = value.map((each) => (isObject(each) ? visitSchema(each, name, visit) : each));
    else if (["items", "additionalProperties", "not"].includes(keyword) && isObject(value))
      schema[keyword] = visitSchema(value, name, visit);
  }
}
