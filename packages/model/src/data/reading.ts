import { isProblem, mostErrors, Problem, type PlacedError } from "@espalier/contract";

/** What was passed over while a file was read. */
export class Reading {
  /** Blank lines, which are skipped. */
  blankLines = 0;
  /** Names of fields or columns that say nothing here, with the number of rows that have them. */
  readonly ignored = new Map<string, number>();

  /** Lines that could not be read, where they are collected; the first {@link mostErrors} of them. */
  readonly errors: PlacedError[] = [];
  /** How many there were. */
  errorCount = 0;
  #first: Problem | undefined;
  readonly #collects: boolean;
  readonly #skips: boolean;

  /**
   * @param collects reads on after a line that cannot be read, to tell of all such lines: up to {@link mostErrors}, then it ends
   * @param skips such lines are left out, however many, and the file is not refused
   */
  constructor({ collects = false, skips = false }: { collects?: boolean; skips?: boolean } = {}) {
    this.#collects = collects || skips;
    this.#skips = skips;
  }

  /** Takes what is wrong with one line, or throws it on. */
  collect(error: unknown, unit: RawRow["unit"] = "line"): void {
    if (!this.#collects || !isProblem(error) || error.facts.line === undefined) throw error;
    const { line } = error.facts;
    const field = `${unit} ${line}`;
    this.#first ??= error;
    this.errorCount++;
    if (this.errors.length < mostErrors)
      this.errors.push({ field, line, detail: error.message.replace(`${field}: `, "") });
    else if (!this.#skips) this.refuse();
  }

  /** @throws {Problem} `dataset/malformed` where there were lines that could not be read and are not left out */
  refuse(): void {
    const first = this.#first;
    if (first === undefined || this.#skips) return;
    if (this.errorCount === 1) throw first;
    const others = this.errorCount - 1;
    const more = this.errorCount > mostErrors ? `at least ${others}` : String(others);
    throw new Problem(
      first.code,
      `${first.message} (and ${more} other ${others === 1 ? "line" : "lines"} that cannot be read)`,
      { ...first.facts, errors: this.errors },
      { cause: first },
    );
  }

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
