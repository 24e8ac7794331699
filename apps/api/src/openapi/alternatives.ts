import { isObject, type Json, type JsonObject } from "./json.ts";

/** The values that a schema allows where it lists them: a constant is one of one. */
function listed(schema: Json | undefined): Json[] | undefined {
  if (!isObject(schema)) return undefined;
  const [keyword, ...more] = Object.keys(schema);
  if (more.length > 0) return undefined;
  if (keyword === "const") return [schema["const"]!];
  return keyword === "enum" ? (schema["enum"] as Json[]) : undefined;
}

const listing = (values: readonly Json[]): JsonObject => ({ enum: [...values] });

/** One object in place of two that differ in the values of one field alone; undefined where they differ in more. */
function joined(one: JsonObject, other: JsonObject): JsonObject | undefined {
  const { properties, ...rest } = one;
  const { properties: others, ...otherRest } = other;
  if (!isObject(properties) || !isObject(others) || JSON.stringify(rest) !== JSON.stringify(otherRest))
    return undefined;
  const names = Object.keys(properties);
  if (names.join() !== Object.keys(others).join()) return undefined;
  const differing = names.filter((name) => JSON.stringify(properties[name]) !== JSON.stringify(others[name]));
  const [name] = differing;
  const [values, more] = [listed(properties[name!]), listed(others[name!])];
  if (name === undefined || differing.length > 1 || !values || !more) return undefined;
  return { ...rest, properties: { ...properties, [name]: listing([...values, ...more]) } };
}

/**
 * The same choice with fewer alternatives: those of an alternative that is a choice itself stand beside the others, constants are one
 * list, and objects that differ in the values of one field alone are one object.
 * @param alternatives of an `anyOf`
 */
export function joinAlternatives(alternatives: readonly Json[]): Json[] {
  const result: Json[] = [];
  for (const each of alternatives.flatMap((one) =>
    isObject(one) && Object.keys(one).length === 1 && Array.isArray(one["anyOf"]) ? one["anyOf"] : [one],
  )) {
    const place = result.findIndex((other) => {
      if (!isObject(each) || !isObject(other)) return false;
      return (listed(each) && listed(other)) !== undefined || joined(other, each) !== undefined;
    });
    if (place === -1) result.push(each);
    else {
      const [other, one] = [result[place] as JsonObject, each as JsonObject];
      const values = listed(other);
      result[place] = values ? listing([...values, ...listed(one)!]) : joined(other, one)!;
    }
  }
  return result;
}
