import { Problem } from "@espalier/contract";
import type { JsonObject, JsonValue } from "./json.ts";

/** That a reader obeys a field; it checks the value itself. */
export const obeyed = { kind: "obeyed" } as const;

/**
 * What a reader does with one field of a file: it obeys it; it leaves it alone, for a reason; or it accepts the values that
 * change nothing and refuses all others by name. null says nothing and is always accepted.
 */
type FieldRule =
  | typeof obeyed
  | { readonly kind: "harmless"; readonly reason: string }
  | { readonly kind: "neutral"; readonly values: readonly JsonValue[] };

/** A field that cannot change a vector. */
export const harmless = (reason: string): FieldRule => ({ kind: "harmless", reason });

/** A field that changes nothing while it has one of these values, is null, or is an empty list or object. */
export const neutral = (...values: readonly JsonValue[]): FieldRule => ({ kind: "neutral", values });

/** Every field of a file that is known. */
export type FieldTable = Readonly<Record<string, FieldRule>>;

/**
 * Refuses every field that would be read past although it may change the result. A field that is in no table is refused too,
 * unless it says nothing (null, false, an empty list or object) or is the note of a tool (its name begins with an underscore).
 * @param refuse is given the path of the field and what is wrong with it
 * @param unknown is given the name of a field in no table instead, where the library that the file is for reads past it too
 */
export function checkFields(
  root: JsonObject,
  table: FieldTable,
  refuse: (field: string, reason: string) => never,
  unknown?: (field: string) => void,
): void {
  for (const [field, value] of root) {
    const rule = Object.hasOwn(table, field) ? table[field]! : undefined;
    if (rule?.kind === "obeyed" || rule?.kind === "harmless" || isEmpty(value)) continue;
    if (rule === undefined) {
      if (value === false || field.startsWith("_")) continue;
      if (unknown !== undefined) {
        unknown(field);
        continue;
      }
      refuse(field, `${field} is ${shownValue(value)}; nothing is known about a field of this name`);
    }
    if (rule.values.includes(value)) continue;
    const wanted = rule.values.map(shownValue).join(" or ");
    refuse(
      field,
      `${field} is ${shownValue(value)}; ${wanted === "" ? "it is not supported" : `only ${wanted} is supported`}`,
    );
  }
}

const isEmpty = (value: JsonValue): boolean =>
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (value instanceof Map && value.size === 0);

/** A value as a message shows it. */
const shownValue = (value: JsonValue): string =>
  value instanceof Map
    ? "an object"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "number"
        ? String(value)
        : JSON.stringify(value).slice(0, 80);

/** What {@link checkFields} is given for a file: `config/unsupported`, naming file and field. */
export const refuseFieldOf =
  (file: string) =>
  (field: string, reason: string): never => {
    throw new Problem("config/unsupported", `${file}: ${reason}`, { file, field: `/${field}` });
  };
