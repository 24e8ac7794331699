import type { FastifySchemaCompiler } from "fastify";
import { Problem } from "@espalier/contract";
import type { Static, TSchema } from "typebox";
import { checkParameters } from "./document.ts";
import { excerptOf } from "./excerpt.ts";
import { Compile } from "typebox/compile";
import { Settings } from "typebox/system";
import { Value } from "typebox/value";

// A union reports the errors of every alternative. All are needed to find the alternative that was meant.
Settings.Set({ maxErrors: 256 });

interface SchemaError {
  keyword: string;
  instancePath: string;
  schemaPath: string;
  message: string;
  params: object;
}

/**
 * Validates requests against the contract's schemas. Bodies are taken as they are: no value is converted and no field is
 * dropped. Query strings are converted to the schema's types and get its defaults.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (data: unknown) => {
    // A body was looked through when it was parsed.
    if (httpPart !== "body") checkParameters(data);
    const value = httpPart === "body" ? data : Value.Default(schema, converted(schema, data));
    if (validator.Check(value)) return { value };
    return { error: toProblem(validator, value) };
  };
};

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Texts of a query as the schema's types. The library takes more for a number than is one: `true`, an empty text, `0x10`. */
function converted(schema: TSchema, data: unknown): unknown {
  const given = (data ?? {}) as Record<string, unknown>;
  const values = Value.Convert(schema, Value.Clone(given)) as Record<string, unknown>;
  for (const [name, text] of Object.entries(given))
    if (typeof values[name] === "number" && !decimal.test(String(text))) values[name] = text;
  return values;
}

/**
 * A parser for documents that are not the body of a request as it came.
 * @throws {Problem} `request/invalid` when the document does not match the schema
 */
export function parserOf<Schema extends TSchema>(schema: Schema): (document: unknown) => Static<Schema> {
  const validator = Compile(schema);
  return (document) => {
    if (validator.Check(document)) return document;
    throw toProblem(validator, document);
  };
}

/** The problem that names every field at fault, as JSON pointers; of a very large document those of an excerpt. */
function toProblem(validator: { Errors(value: unknown): SchemaError[] }, document: unknown): Problem {
  const value = excerptOf(document);
  const faults = leaves(validator.Errors(value)).map((error) => describe(error, value));
  const unique = [
    ...new Map(faults.map((fault) => [`${fault.field} ${fault.detail}`, fault])).values(),
  ].slice(0, 20);
  const [first] = unique;
  const detail = first
    ? `${first.field === "" ? "The body" : first.field} ${first.detail}${unique.length > 1 ? `, and ${unique.length - 1} more` : ""}.`
    : "The request does not match its schema, somewhere after the first fields and elements of it.";
  return new Problem("request/invalid", detail, { ...(first ? { field: first.field } : {}), errors: unique });
}

/**
 * The errors that help a person. When a union fails, only the errors of the alternative that was meant count: the one whose
 * `kind` fits, or else the one with the fewest errors.
 */
function leaves(errors: readonly SchemaError[]): SchemaError[] {
  const unions = errors
    .filter(({ keyword }) => keyword === "anyOf")
    .map(({ schemaPath }) => `${schemaPath}/anyOf/`)
    .sort((a, b) => a.length - b.length);
  let kept = errors.filter(({ keyword }) => keyword !== "anyOf" && keyword !== "boolean");
  for (const union of unions) {
    const inside = kept.filter(({ schemaPath }) => schemaPath.startsWith(union));
    const branches = groupBy(inside, ({ schemaPath }) => branchOf(schemaPath, union));
    const meant = [...branches.entries()].sort(([, a], [, b]) => distance(a) - distance(b))[0]?.[0];
    kept = kept.filter(
      ({ schemaPath }) => !schemaPath.startsWith(union) || branchOf(schemaPath, union) === meant,
    );
  }
  return kept;
}

const branchOf = (schemaPath: string, union: string): string =>
  schemaPath.slice(union.length).split("/")[0] ?? "";

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** How far a value is from an alternative. A `kind` that differs counts most, then a type of value that differs. */
const distance = (errors: readonly SchemaError[]): number =>
  errors.reduce(
    (sum, { keyword, instancePath }) =>
      sum + (keyword === "const" && instancePath.endsWith("/kind") ? 1000 : keyword === "type" ? 100 : 1),
    0,
  );

function describe(
  { keyword, instancePath, message, params }: SchemaError,
  value: unknown,
): { field: string; detail: string } {
  if (keyword === "additionalProperties" && "additionalProperties" in params) {
    const names = params.additionalProperties as string[];
    return { field: `${instancePath}/${names[0] ?? ""}`, detail: "is not a field of this request" };
  }
  if (keyword === "required" && "requiredProperties" in params) {
    const names = params.requiredProperties as string[];
    return { field: `${instancePath}/${names[0] ?? ""}`, detail: "is missing" };
  }
  if (keyword === "enum" && "allowedValues" in params)
    return {
      field: instancePath,
      detail: `must be one of ${(params.allowedValues as unknown[]).join(", ")}`,
    };
  if (keyword === "pattern" && instancePath !== "")
    return {
      field: instancePath,
      detail: `does not have the right form (${preview(Value.Pointer.Get(value, instancePath))})`,
    };
  return { field: instancePath, detail: message };
}

const preview = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? "undefined";
