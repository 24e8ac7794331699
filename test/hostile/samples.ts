/** A JSON schema, as far as the description of the API uses them. */
export interface Schema {
  $ref?: string;
  type?: string;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
}

/** Texts of which one fits each pattern of the contract that is not an id. */
const texts = ["sample", "zone=a", "0-3", "0".repeat(64), "1-1", "org/name", "30%", ""];

/** Makes values that fit schemas. */
export class Samples {
  readonly #schemas: Record<string, Schema>;
  readonly #ids: Record<string, string>;

  /** @param ids of things that are there, by the name of their schema, such as `RunId` */
  constructor(schemas: Record<string, Schema>, ids: Record<string, string>) {
    this.#schemas = schemas;
    this.#ids = ids;
  }

  resolve(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : this.#schemas[schema.$ref.split("/").at(-1)!];
  }

  /** Values that fit, with every field that may be there; of a choice, each alternative is in one of them. */
  of(schema: Schema): unknown[] {
    const id = this.#ids[schema.$ref?.split("/").at(-1) ?? ""];
    if (id !== undefined) return [id];
    const { type, anyOf, enum: choices, ...rest } = this.resolve(schema);
    if ("const" in rest) return [rest.const];
    if (choices) return [choices[0]];
    if (anyOf) return anyOf.flatMap((each) => this.of(each));
    if (type === "object") return this.#objects(rest);
    if (type === "array") return this.of(rest.items!).map((item) => [item]);
    if (type === "string") return [this.#text(rest)];
    if (type === "integer" || type === "number") return [rest.minimum ?? 1];
    if (type === "boolean") return [false];
    return type === "null" ? [null] : [{}];
  }

  #objects({ properties = {}, patternProperties = {} }: Schema): unknown[] {
    const fields = [
      ...Object.entries(properties),
      ...Object.values(patternProperties).map((each) => ["sample", each] as const),
    ].map(([name, schema]) => ({ name, values: this.of(schema) }));
    const first = Object.fromEntries(fields.map(({ name, values }) => [name, values[0]]));
    const others = fields.flatMap(({ name, values }) =>
      values.slice(1).map((value) => ({ ...first, [name]: value })),
    );
    return [first, ...others];
  }

  #text({ pattern, format }: Schema): string {
    if (format === "date-time") return "2026-01-01T00:00:00Z";
    const fits = new RegExp(pattern ?? "", "u");
    // Where none fits, the request is refused for it, which is an answer too.
    return texts.find((each) => fits.test(each)) ?? "sample";
  }
}

/** Every value inside a document, with the way to it. */
export function* placesOf(
  document: unknown,
  path: string[] = [],
): Generator<{ path: string[]; value: unknown }> {
  yield { path, value: document };
  if (typeof document !== "object" || document === null) return;
  for (const [name, value] of Object.entries(document)) yield* placesOf(value, [...path, name]);
}

/** The document with another value in one place. */
export function withValue(document: unknown, [name, ...rest]: string[], value: unknown): unknown {
  if (name === undefined) return value;
  const inside = withValue((document as Record<string, unknown>)[name], rest, value);
  return Array.isArray(document)
    ? document.with(Number(name), inside)
    : { ...(document as object), [name]: inside };
}
