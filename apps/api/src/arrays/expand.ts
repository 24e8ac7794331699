import {
  isProblem,
  parseIndices,
  Problem,
  RunCreate,
  type ArrayCreate,
  type Indices,
} from "@espalier/contract";
import { parserOf } from "../http/validation.ts";

const parse = parserOf(RunCreate);
const place = "{index}";

/**
 * The runs of an array, by their indices.
 * @throws {Problem} `request/invalid` naming the field
 */
export function expandArray({ array, spec, ...create }: ArrayCreate): Indices & { runs: RunCreate[] } {
  const indices = parseIndices(array);
  if (!JSON.stringify(spec).includes(place))
    throw new Problem(
      "request/invalid",
      `Nothing in the spec depends on the index, so all runs would be the same; write ${place} where it is to stand, such as "seed": "${place}".`,
      { field: "/spec" },
    );
  const runs = indices.indices.map((index) => {
    try {
      return parse({ ...create, spec: withIndex(spec, index) });
    } catch (error) {
      if (!isProblem(error)) throw error;
      throw new Problem(error.code, `With the index ${index}: ${error.message}`, error.facts);
    }
  });
  return { ...indices, runs };
}

/** A text that is nothing but the place becomes the number. */
function withIndex(value: unknown, index: number): unknown {
  if (typeof value === "string") return value === place ? index : value.replaceAll(place, String(index));
  if (Array.isArray(value)) return value.map((each) => withIndex(each, index));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withIndex(each, index)]));
}
