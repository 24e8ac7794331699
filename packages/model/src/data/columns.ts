import { Problem, type DatasetKind } from "@espalier/contract";
import { pointer, refuse, type RawRow, type Reading } from "./reading.ts";

interface Meaning {
  /** Names that mean it, in the files of sentence-transformers, L3Prune and FlagEmbedding. */
  readonly names: readonly string[];
  /** Names that mean it only where none of the others occurs. */
  readonly otherwise?: readonly string[];
  /** Names with a number, such as `negative_1`. */
  readonly numbered?: RegExp;
  readonly needed?: boolean;
}

/** What the rows of each kind of dataset are made of. */
const meanings = {
  triplets: {
    query: { names: ["query", "anchor"], needed: true },
    positive: { names: ["positive", "pos"], needed: true },
    negatives: { names: ["negatives", "negative", "neg"], numbered: /^neg(?:ative)?_?\d+$/ },
    instruction: { names: ["instruction", "prompt"] },
    task: { names: ["task"] },
  },
  sts: {
    sentence1: { names: ["sentence1"], needed: true },
    sentence2: { names: ["sentence2"], needed: true },
    score: { names: ["score"], otherwise: ["label", "similarity_score"], needed: true },
  },
  texts: { text: { names: ["text"], otherwise: ["sentence"], needed: true } },
  retrieval: {
    document: { names: ["document"] },
    query: { names: ["query"] },
    judgement: { names: ["judgement"] },
  },
  reranking: {
    query: { names: ["query"], needed: true },
    positives: { names: ["positives", "positive", "pos"], needed: true },
    negatives: {
      names: ["negatives", "negative", "neg"],
      numbered: /^neg(?:ative)?_?\d+$/,
      needed: true,
    },
  },
  classification: {
    text: { names: ["text"], otherwise: ["sentence"], needed: true },
    label: { names: ["label"], otherwise: ["label_text", "labels", "category", "intent"], needed: true },
    split: { names: ["split"] },
  },
  clustering: {
    text: { names: ["text", "sentences"], otherwise: ["sentence"], needed: true },
    label: { names: ["label", "labels"], otherwise: ["category"], needed: true },
    set: { names: ["set"] },
  },
  "pair-classification": {
    sentence1: { names: ["sentence1", "sent1"], needed: true },
    sentence2: { names: ["sentence2", "sent2"], needed: true },
    label: { names: ["label", "labels"], needed: true },
  },
  "bitext-mining": {
    sentence1: { names: ["sentence1"], otherwise: ["source"], needed: true },
    sentence2: { names: ["sentence2"], otherwise: ["target"], needed: true },
  },
} as const satisfies Record<DatasetKind, Record<string, Meaning>>;

/** FlagEmbedding's files carry these; they say nothing that training uses, which needs no word. */
const silent = new Set(["pos_scores", "neg_scores", "pos_id", "neg_id", "type", "category"]);

/** What the values of a row without names mean, as sentence-transformers' files have them; further ones of triplets are negatives. */
const usualOrder: Readonly<Record<DatasetKind, readonly string[]>> = {
  triplets: ["query", "positive"],
  sts: ["sentence1", "sentence2", "score"],
  texts: ["text"],
  retrieval: [],
  reranking: ["query", "positives", "negatives"],
  classification: ["text", "label", "split"],
  clustering: ["text", "label", "set"],
  "pair-classification": ["sentence1", "sentence2", "label"],
  "bitext-mining": ["sentence1", "sentence2"],
};

export interface Value {
  /** Name of the field or column. */
  readonly name: string;
  readonly value: unknown;
}

/** A row of which it is known what its values mean. Values that are null are left out. */
export interface Row extends Omit<RawRow, "fields"> {
  readonly values: ReadonlyMap<string, readonly Value[]>;
  /** Says where a value stands: a JSON pointer, or the name of a column. */
  at(name: string, item?: number): string;
  /** Refuses the row for what it does not have, and says what it has and what would do. */
  missing(meaning: string): never;
}

/** Which fields or columns of a file mean what. */
export class Columns {
  readonly #kind: DatasetKind;
  readonly #meanings: Readonly<Record<string, Meaning>>;
  /** By name, and for files without names by position. */
  readonly #given = new Map<string, string>();
  readonly #known = new Map<string, string | undefined>();

  /**
   * @param list `MEANING=SOURCE` pairs such as `score=5,sentence1=6,sentence2=7` or `query=question,positive=answer`
   * @throws {Problem} `request/invalid` for a list that is not understood
   */
  constructor(kind: DatasetKind, list = "") {
    this.#kind = kind;
    this.#meanings = meanings[kind];
    const taken = new Set<string>();
    for (const part of list === "" ? [] : list.split(",")) {
      const [, word = "", source = ""] = /^\s*(\w+)\s*=\s*(.+?)\s*$/.exec(part) ?? [];
      const meaning = word === "negative" ? "negatives" : word;
      if (!Object.hasOwn(this.#meanings, meaning))
        wrong(`"${part.slice(0, 80)}" is not understood; ${this.#wanted()}`);
      if (taken.has(meaning) && meaning !== "negatives") wrong(`${meaning} is given twice`);
      if (this.#given.has(source)) wrong(`"${source.slice(0, 80)}" is given two meanings`);
      taken.add(meaning);
      this.#given.set(source, meaning);
    }
  }

  /** Positions of columns from 1, by meaning, where the list names positions and nothing else; else undefined. */
  positions(): ReadonlyMap<number, string> | undefined {
    const entries = [...this.#given].map(([source, meaning]) => [Number(source), meaning] as const);
    const positional = entries.filter(([at]) => Number.isSafeInteger(at) && at > 0);
    if (entries.length === 0 || positional.length === 0) return undefined;
    if (positional.length < entries.length) wrong("give positions for all, or names for all");
    const missing = this.#needed().find((meaning) => !entries.some(([, given]) => given === meaning));
    if (missing !== undefined) wrong(`${missing} is missing; ${this.#wanted()}`);
    return new Map(entries);
  }

  /** Whether a line of a delimited file names columns that are needed, and so is its header. */
  areNamedBy(cells: readonly string[]): boolean {
    const found = new Set(cells.map((cell) => this.meaningOf(cell)));
    return this.#needed().every((meaning) => found.has(meaning));
  }

  /** @throws {Problem} `dataset/malformed` when a column that the list names is not among these */
  checkNames(names: readonly string[], row: Omit<RawRow, "fields">): void {
    for (const source of this.#given.keys())
      if (!names.includes(source))
        refuse(row, `there is no column ${JSON.stringify(source)}; there are ${listed(names)}`);
    const missing = this.#needed().find((meaning) => !names.some((name) => this.meaningOf(name) === meaning));
    if (missing !== undefined) this.#refuseWithout(missing, names, row);
  }

  /** The fields of a row that has values without names: by position where the list names positions, else in the usual order. */
  unnamed(values: readonly unknown[]): Map<string, unknown> {
    const usual = usualOrder[this.#kind];
    const isPositional = this.positions() !== undefined;
    return new Map(
      values.map((value, i) => [
        isPositional
          ? `${i + 1}`
          : (usual[i] ?? (this.#kind === "triplets" ? `negative_${i - 1}` : `${i + 1}`)),
        value,
      ]),
    );
  }

  meaningOf(name: string): string | undefined {
    if (this.#known.has(name)) return this.#known.get(name);
    const meaning = this.#given.get(name) ?? this.#byName(name);
    if (this.#known.size < 10_000) this.#known.set(name, meaning);
    return meaning;
  }

  /** The row's values by their meaning; what has none is noted in `reading`. */
  read(raw: RawRow, reading: Reading): Row {
    const values = new Map<string, Value[]>();
    for (const [name, value] of raw.fields) {
      const meaning = this.meaningOf(name);
      if (meaning === undefined) {
        if (!silent.has(name)) reading.ignore(name);
        continue;
      }
      if (value === null || value === undefined) continue;
      const before = values.get(meaning);
      if (before === undefined) values.set(meaning, [{ name, value }]);
      else before.push({ name, value });
    }
    const { number, unit, delimited = false } = raw;
    for (const [meaning, found] of values) if (found.length > 1) this.#choose(meaning, found, raw, reading);
    return {
      number,
      unit,
      delimited,
      values,
      at: delimited ? (name) => this.meaningOf(name) ?? name : pointer,
      missing: (meaning) => this.#refuseWithout(meaning, [...raw.fields.keys()], raw, wrapped(raw.fields)),
    };
  }

  /** Leaves the one name that counts; negatives may stand in several columns. */
  #choose(meaning: string, found: Value[], raw: RawRow, reading: Reading): void {
    const { otherwise = [], numbered } = this.#meanings[meaning]!;
    const usual = found.filter(({ name }) => !otherwise.includes(name));
    const chosen = usual.length > 0 ? usual : found.slice(0, 1);
    const named = chosen.filter(({ name }) => numbered?.test(name) !== true);
    if (named.length > 1 && !named.every(({ name }) => this.#given.has(name)))
      refuse(
        raw,
        `${named.map(({ name }) => name).join(" and ")} say the same twice; say by columns which one counts, such as ${meaning}=${named[0]!.name}`,
        pointer(named[1]!.name),
      );
    for (const value of found) if (!chosen.includes(value)) reading.ignore(value.name);
    const position = ({ name }: Value) => Number(/\d+$/.exec(name)?.[0] ?? -1);
    found.splice(0, found.length, ...chosen.sort((a, b) => position(a) - position(b)));
  }

  #byName(name: string): string | undefined {
    const given = new Set(this.#given.values());
    return Object.keys(this.#meanings).find((meaning) => {
      const { names, otherwise = [], numbered } = this.#meanings[meaning]!;
      return (
        !given.has(meaning) && (names.includes(name) || otherwise.includes(name) || numbered?.test(name))
      );
    });
  }

  #needed(): string[] {
    return Object.keys(this.#meanings).filter((meaning) => this.#meanings[meaning]!.needed);
  }

  #refuseWithout(
    meaning: string,
    names: readonly string[],
    row: Omit<RawRow, "fields">,
    wrapper?: string,
  ): never {
    const { names: own, otherwise = [] } = this.#meanings[meaning]!;
    const what = [...own, ...otherwise].join(", or ");
    if (wrapper !== undefined)
      refuse(
        row,
        `${meaning} is missing; the rows seem to be the list in ${JSON.stringify(wrapper.slice(0, 40))}: write that list alone`,
        pointer(meaning),
      );
    refuse(
      row,
      `${meaning} is missing (${what}); here are ${listed(names)}. If one of these is it, say so by columns, such as ${meaning}=${names[0]?.slice(0, 40) ?? "NAME"}${row.delimited ? `; where columns have no names, ${this.#wanted()}` : ""}`,
      row.delimited ? meaning : pointer(meaning),
    );
  }

  #wanted(): string {
    const examples = {
      triplets: "give query and positive, perhaps negatives, such as query=1,positive=2,negatives=3",
      sts: "give score, sentence1 and sentence2, such as score=5,sentence1=6,sentence2=7",
      texts: "give text, such as text=2",
      retrieval: "give document, query or judgement by name",
      reranking: "give query, positives and negatives, such as query=1,positives=2,negatives=3",
      classification: "give text and label, perhaps split, such as text=1,label=2,split=3",
      clustering: "give text and label, perhaps set, such as text=1,label=2",
      "pair-classification": "give sentence1, sentence2 and label, such as sentence1=1,sentence2=2,label=3",
      "bitext-mining": "give sentence1 and sentence2, such as sentence1=1,sentence2=2",
    };
    return examples[this.#kind];
  }
}

const listed = (names: readonly string[]): string =>
  names.length === 0
    ? "none"
    : names
        .slice(0, 12)
        .map((name) => JSON.stringify(name.slice(0, 40)))
        .join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "");

function wrong(reason: string): never {
  throw new Problem("request/invalid", `columns: ${reason}`, { field: "/columns" });
}

/** The field in which all rows of a file stand, such as `{"data": [{…}, {…}]}`. */
const wrapped = (fields: ReadonlyMap<string, unknown>): string | undefined =>
  [...fields].find(
    ([, value]) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((item) => typeof item === "object" && item !== null && !Array.isArray(item)),
  )?.[0];

/** A text that is there: a string with more than whitespace, and without half a character, which no tokenizer can read. */
export function text(row: Row, value: unknown, field: string): string {
  if (typeof value !== "string") refuse(row, `${field} is not a string${byColumns(value)}`, field);
  if (value.trim() === "") refuse(row, `${field} is empty`, field);
  if (/\p{Surrogate}/u.test(value))
    refuse(row, `${field} has half a character (a lone surrogate, such as \\ud800)`, field);
  return value;
}

function byColumns(value: unknown): string {
  if (Array.isArray(value)) return "; it is a list, and each row has a text of its own";
  return typeof value === "object" && value !== null && "0" in value
    ? "; pandas writes rows by to_json(orient='records', lines=True)"
    : "";
}
