import { text, type Row, type Value } from "./columns.ts";
import { refuse } from "./reading.ts";

/** The one value that a row must have. */
export function needed(row: Row, meaning: string): Value {
  const [found] = row.values.get(meaning) ?? [];
  if (found === undefined) row.missing(meaning);
  return found;
}

/** A text that a row must have. */
export function neededText(row: Row, meaning: string): string {
  const { name, value } = needed(row, meaning);
  return text(row, value, row.at(name));
}

/** A text, or nothing where the field is absent, null or empty. */
export function optionalText(row: Row, meaning: string): string | undefined {
  const [found] = row.values.get(meaning) ?? [];
  if (found === undefined || found.value === "") return undefined;
  return text(row, found.value, row.at(found.name));
}

/** One text or a list, in one field or several; empty cells of a delimited file are left out where none is needed. */
export function textList(row: Row, meaning: "positive" | "positives" | "negatives"): string[] {
  const found: string[] = [];
  for (const { name, value } of row.values.get(meaning) ?? []) {
    if (Array.isArray(value)) {
      for (const [i, item] of (value as unknown[]).entries())
        if (item !== null && item !== undefined) found.push(text(row, item, row.at(name, i)));
    } else if (value !== "" || meaning !== "negatives" || !row.delimited)
      found.push(text(row, value, row.at(name)));
  }
  return found;
}

/** A label: a text or a whole number, as text. */
export function labelOf(row: Row, value: unknown, at: string): string {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value)))
    return `${value}`;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value !== "string") refuse(row, `${at} is no label: a text or a whole number`, at);
  return text(row, value, at);
}

/**
 * The values of a row that says many things at once by lists of one length, as mteb's older files have them, one after the other; or the
 * row itself where none of them is a list.
 */
export function* unzipped<Meaning extends string>(
  row: Row,
  meanings: readonly Meaning[],
): Generator<{ [M in Meaning]: { value: unknown; at: string } }> {
  const values = meanings.map((meaning) => needed(row, meaning));
  const lists = values.filter(({ value }) => Array.isArray(value));
  const entry = (at: (value: Value, index: number) => { value: unknown; at: string }) =>
    Object.fromEntries(meanings.map((meaning, i) => [meaning, at(values[i]!, i)])) as {
      [M in Meaning]: { value: unknown; at: string };
    };
  if (lists.length === 0) {
    yield entry(({ name, value }, i) => ({ value, at: row.at(row.delimited ? meanings[i]! : name) }));
    return;
  }
  const [first] = lists as [Value];
  const { length } = first.value as unknown[];
  for (const { name, value } of values)
    if (!Array.isArray(value) || value.length !== length)
      refuse(row, `${row.at(name)} is no list of ${length}, as ${row.at(first.name)} is`, row.at(name));
  for (let item = 0; item < length; item++)
    yield entry(({ name, value }) => ({ value: (value as unknown[])[item], at: row.at(name, item) }));
}
