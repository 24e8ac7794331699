import { ExperimentSpec } from "../../packages/contract/src/index.ts";

/** What is read of a schema. */
interface Schema {
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  default?: unknown;
  description?: string;
  pattern?: string;
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  patternProperties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  anyOf?: readonly Schema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  maxItems?: number;
}

/** Text in a cell of a table; the formatter of this project leaves it as it is. */
const cell = (text: string): string => text.replaceAll("|", "\\|");
const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map(code).join(", ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  if (schema.patternProperties) return "settings by name";
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  const bounds = [
    schema.minimum !== undefined ? `≥ ${schema.minimum}` : undefined,
    schema.exclusiveMinimum !== undefined ? `> ${schema.exclusiveMinimum}` : undefined,
    schema.maximum !== undefined ? `≤ ${schema.maximum}` : undefined,
    schema.exclusiveMaximum !== undefined ? `< ${schema.exclusiveMaximum}` : undefined,
  ].filter((each) => each !== undefined);
  const name =
    schema.type === "integer" ? "whole number" : schema.type === "string" ? "text" : (schema.type ?? "any");
  return [name, ...(bounds.length > 0 ? [bounds.join(", ")] : [])].join(" ");
}

function rowsOf(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const whole = path === "" ? name : `${path}.${name}`;
    if (field.properties) return rowsOf(field, whole);
    const usual =
      field.default !== undefined
        ? code(field.default)
        : schema.required?.includes(name) && path === ""
          ? "**needed**"
          : "";
    return [`| \`${whole}\` | ${cell(typeOf(field))} | ${usual} | ${cell(field.description ?? "")} |`];
  });
}

/** The table of docs/experiment-file.md: every field of an experiment, in the order of its schema. */
export const experimentFields = (): string =>
  [
    "| field | what it takes | default | |",
    "|---|---|---|---|",
    ...rowsOf(ExperimentSpec as unknown as Schema, ""),
  ].join("\n");
