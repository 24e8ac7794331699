import { Problem } from "@espalier/contract";
import type { Line } from "./lines.ts";

/** Refuses a line; `field` is a JSON pointer into it, or the name of a column. */
export function refuse(line: Line, message: string, field?: string): never {
  const facts = field === undefined ? { line: line.number } : { line: line.number, field };
  throw new Problem("dataset/malformed", `line ${line.number}: ${message}`, facts);
}

/** The fields of a line of JSON. Only fields of `known` may occur; their own values are returned, never a prototype's. */
export function parseRow(line: Line, known: ReadonlySet<string>): ReadonlyMap<string, unknown> {
  let row: unknown;
  try {
    row = JSON.parse(line.text);
  } catch (error) {
    refuse(line, `not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) refuse(line, "not a JSON object");
  const fields = new Map<string, unknown>(Object.entries(row));
  for (const name of fields.keys()) {
    if (!known.has(name))
      refuse(line, `the field ${JSON.stringify(name.slice(0, 80))} is unknown`, pointer(name));
  }
  return fields;
}

/** JSON pointer (RFC 6901) to a field, and to an item where the field is a list. */
export function pointer(name: string, item?: number): string {
  const escaped = name.slice(0, 80).replaceAll("~", "~0").replaceAll("/", "~1");
  return item === undefined ? `/${escaped}` : `/${escaped}/${item}`;
}

/** A text that is there: a string with more than whitespace. */
export function text(line: Line, value: unknown, field: string): string {
  if (typeof value !== "string")
    refuse(line, `${field} is ${value === undefined ? "missing" : "not a string"}`, field);
  if (value.trim() === "") refuse(line, `${field} is empty`, field);
  return value;
}
