import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { parseDocument } from "yaml";
import { UsageError, type Context } from "../command.ts";

/**
 * A file of JSON or YAML 1.2, or stdin for `-`. What begins with a brace is JSON.
 * @throws {UsageError} with file, line and column
 */
export async function readDocument({ path, stdin }: Context, file: string): Promise<unknown> {
  const content = file === "-" ? await text(stdin) : await readFile(path(file), "utf8");
  return parseText(content, file);
}

export function parseText(content: string, file: string): unknown {
  if (/^\s*\{/.test(content)) {
    try {
      return JSON.parse(content) as unknown;
    } catch (error) {
      throw new UsageError(`${file} is not JSON: ${(error as Error).message}`);
    }
  }
  const document = parseDocument(content, { prettyErrors: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const [first = "it cannot be read"] = problem.message.split("\n");
    throw new UsageError(`${file} is not YAML: ${first.replace(/:$/, "")}`);
  }
  // Aliases of aliases could grow without end.
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}
