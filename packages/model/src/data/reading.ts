import { Problem } from "@espalier/contract";

/** What was passed over while a file was read. */
export class Reading {
  /** Blank lines, which are skipped. */
  blankLines = 0;
  /** Names of fields or columns that say nothing here, with the number of rows that have them. */
  readonly ignored = new Map<string, number>();

  ignore(name: string): void {
    // A file that has another name on each row must not fill memory with them.
    if (this.ignored.has(name) || this.ignored.size < 100)
      this.ignored.set(name, (this.ignored.get(name) ?? 0) + 1);
  }
}

/** A row of a file, before it is known what its values mean. */
export interface RawRow {
  /** From 1: the line on which it begins, or where there are no lines, its position. */
  readonly number: number;
  readonly unit: "line" | "item" | "row";
  /** Its values stand in columns of a delimited file. */
  readonly delimited?: boolean;
  readonly fields: ReadonlyMap<string, unknown>;
}

/** Refuses a row; `field` is a JSON pointer into it, or the name of a column. */
export function refuse(row: Pick<RawRow, "number" | "unit">, message: string, field?: string): never {
  const facts = field === undefined ? { line: row.number } : { line: row.number, field };
  throw new Problem("dataset/malformed", `${row.unit} ${row.number}: ${message}`, facts);
}

/** JSON pointer (RFC 6901) to a field, and to an item where the field is a list. */
export function pointer(name: string, item?: number): string {
  const escaped = name.slice(0, 80).replaceAll("~", "~0").replaceAll("/", "~1");
  return item === undefined ? `/${escaped}` : `/${escaped}/${item}`;
}

/** Refuses a row as a whole: "line 3 is not UTF-8". */
export function refuseWhole({ number, unit }: Pick<RawRow, "number" | "unit">, what: string): never {
  throw new Problem("dataset/malformed", `${unit} ${number} ${what}`, { line: number });
}
