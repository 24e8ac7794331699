import { html, prose, type Html } from "./html.ts";

/** The parts of JSON Schema that the API's description has. */
export interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  format?: string;
  const?: unknown;
  enum?: readonly unknown[];
  default?: unknown;
  description?: string;
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export const nameOf = (ref: string): string => ref.split("/").at(-1)!;

const joined = (parts: readonly Html[], between: string): Html =>
  html`${parts.map((part, i) => (i === 0 ? part : html`${between}${part}`))}`;

/** What a value is, in a few words. */
export function typeOf(schema: Schema): Html {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum)
    return joined(
      schema.enum.map((each) => html`<code>${String(each)}</code>`),
      " | ",
    );
  const ways = schema.anyOf ?? schema.oneOf;
  if (ways) return joined(ways.map(typeOf), " or ");
  if (schema.allOf) return joined(schema.allOf.map(typeOf), " and ");
  if (schema.items) return html`list of ${typeOf(schema.items)}`;
  if (typeof schema.additionalProperties === "object")
    return html`object of ${typeOf(schema.additionalProperties)}`;
  return html`${[schema.type ?? "any"].flat().join(" or ")}${schema.format ? ` (${schema.format})` : ""}`;
}

const bound = (least: number | undefined, most: number | undefined, unit: string): string[] => {
  if (least === undefined && most === undefined) return [];
  const range =
    least === undefined
      ? `at most ${most}`
      : most === undefined
        ? `at least ${least}`
        : `${least} to ${most}`;
  return [`${range}${unit}`];
};

/** Bounds and default, and what is said of it. */
export function notesOf(schema: Schema): Html {
  const notes = [
    ...bound(schema.minimum, schema.maximum, ""),
    ...bound(schema.minLength, schema.maxLength, " characters"),
    ...bound(schema.minItems, schema.maxItems, " items"),
    ...(schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`]),
  ];
  return html`${prose(schema.description)}${notes.length > 0 && schema.description ? "; " : ""}${notes.join("; ")}`;
}

/** A schema in full: the fields of an object in a table, those of objects in it beneath it. */
export function schemaBlock(schema: Schema): Html {
  const inner = fieldsOf(schema);
  if (inner === undefined) return html`<p>${typeOf(schema)} ${notesOf(schema)}</p>`;
  return html`${schema.description === undefined ? "" : html`<p>${prose(schema.description)}</p>`}${inner}`;
}

function fieldsOf(schema: Schema): Html | undefined {
  const ways = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (ways) {
    if (!ways.some((each) => each.properties)) return undefined;
    return html`${ways.map(
      (each, i) =>
        html`<h5>${i === 0 ? "either" : "or"}</h5>
          ${schemaBlock(each)}`,
    )}`;
  }
  if (schema.items?.properties)
    return html`<p>list of</p>
      ${fieldsOf(schema.items)}`;
  if (!schema.properties) return undefined;
  const rows = Object.entries(schema.properties).map(([name, field]) => {
    const inner = fieldsOf(field);
    return html`<tr>
      <td><code>${name}</code>${schema.required?.includes(name) ? "" : html`<i>optional</i>`}</td>
      <td>${inner === undefined ? typeOf(field) : ""}</td>
      <td>${notesOf(field)}${inner ?? ""}</td>
    </tr> `;
  });
  return html`<table>
    ${rows}
  </table>`;
}
