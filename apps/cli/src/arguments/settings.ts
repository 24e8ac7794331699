import { UsageError } from "../command.ts";

/**
 * `steps=60`, `sampling=in-order` → `{ steps: 60, sampling: "in-order" }`. Values are read as JSON where they are JSON;
 * the service checks names and ranges.
 */
export function parseSettings(pairs: readonly string[] = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`\`${pair}\` is not of the form name=value`);
      return [pair.slice(0, at), jsonOrText(pair.slice(at + 1))];
    }),
  );
}

/** `training.steps=60` → the merge patch `{ training: { steps: 60 } }`; `null` takes a field out. */
export function parsePatch(pairs: readonly string[] = []): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(parseSettings(pairs))) {
    const names = path.split(".");
    let inside = patch;
    for (const name of names.slice(0, -1)) {
      const next = Object.hasOwn(inside, name) ? inside[name] : undefined;
      inside = typeof next === "object" && next !== null ? (next as typeof patch) : define(inside, name, {});
    }
    define(inside, names.at(-1)!, value);
  }
  return patch;
}

/** A member of that name, whatever the name means to JavaScript. */
function define<T>(object: Record<string, unknown>, name: string, value: T): T {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  return value;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Lines of help with each setting and its default, as wide as the lines of options. */
export function settingsWithDefaults(settings: Readonly<Record<string, unknown>>): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    const text = `${name}=${String(value)}`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + text.length < 56) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  return lines.map((line) => `${" ".repeat(20)}${line}`);
}

/** A whole number from the command line. */
export function parseCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value))
    throw new UsageError(`--${name} must be a whole number, not \`${text}\``);
  return value;
}

/** A number from the command line. */
export function parseNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new UsageError(`--${name} must be a number, not \`${text}\``);
  return value;
}

/** The object without entries that are undefined or empty. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const isGiven = (value: unknown) =>
    value !== undefined && !(typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value))) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
