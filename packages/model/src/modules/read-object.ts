import { Problem } from "@espalier/contract";
import { findText, type ModelSource } from "../files/read-text.ts";
import { JsonError, parseJson, type JsonObject, type JsonValue } from "../checkpoint/json.ts";

const maxBytes = 1024 * 1024;

/**
 * The JSON of a file of sentence-transformers; undefined where there is none.
 * @param decimals whether its numbers may be other than whole ones. @default false
 * @throws {Problem} `config/unsupported` for what is not JSON
 */
export async function findJson(
  source: ModelSource,
  file: string,
  { decimals = false }: { decimals?: boolean } = {},
): Promise<JsonValue | undefined> {
  const text = await findText(source, file, maxBytes);
  if (text === undefined) return undefined;
  try {
    const spellings = new Map<string, string>();
    const value = parseJson(text, { asPython: true, spellings });
    // None of these files has a number that is no whole one, and Python refuses 256.0 where it wants 256.
    const [path, spelling] = [...spellings].find(([, digits]) => /[.eE]/.test(digits)) ?? [];
    if (!decimals && path !== undefined && !inside.test(path))
      throw new Problem(
        "config/unsupported",
        `${file}: ${path.slice(1)} is ${spelling}, and not a whole number`,
        {
          file,
          field: path,
        },
      );
    return value;
  } catch (error) {
    if (error instanceof JsonError) throw unusable(file, `is not valid JSON (${error.message})`);
    throw error;
  }
}

/** Like {@link findJson}, of a file that holds an object. */
export async function findObject(
  source: ModelSource,
  file: string,
  options?: { decimals?: boolean },
): Promise<JsonObject | undefined> {
  const root = await findJson(source, file, options);
  if (root === undefined || root instanceof Map) return root;
  throw unusable(file, "is not a JSON object");
}

/** Objects that are for other libraries, or that are refused as a whole. */
const inside = /^\/(?:prompts|similarity_fn_name|\w*_(?:args|kwargs))\//;

export const unusable = (file: string, what: string): Problem =>
  new Problem("config/unsupported", `${file} ${what}`, { file });
