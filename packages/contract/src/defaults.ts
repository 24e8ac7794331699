import type { Static, TSchema } from "typebox";
import { Value } from "typebox/value";
import { Problem } from "./problem.ts";

/** Undefined counts as absent, so that options can be handed on. */
export type Loose<Settings> = { [Name in keyof Settings]: Settings[Name] | undefined };

/** Leaves out what is undefined. */
const given = (settings: object): object =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

/**
 * Settings with every default filled in: those of `usual`, which goes before the schema's own.
 * @throws {Problem} `request/invalid` naming the field
 */
export function filled<Schema extends TSchema>(
  schema: Schema,
  usual: Static<Schema>,
  settings: Loose<Static<Schema> & object>,
): unknown {
  const value = Value.Default(schema, { ...(usual as object), ...given(settings) });
  const [error] = Value.Errors(schema, value);
  if (error === undefined) return value;
  const { keyword, instancePath, message, params } = error;
  const name = instancePath.slice(1);
  const detail = {
    // A closed object does not have this field.
    boolean: `There is no setting "${name}".`,
    enum: "allowedValues" in params && `${name} must be one of ${params.allowedValues.join(", ")}.`,
  }[keyword as string];
  throw new Problem("request/invalid", detail || `${name} ${message}.`, { field: instancePath });
}
