import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { UsageError, type Context } from "../command.ts";

/** A JSON file, or stdin for `-`. */
export async function readJson({ path, stdin }: Context, file: string): Promise<unknown> {
  const content = file === "-" ? await text(stdin) : await readFile(path(file), "utf8");
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`);
  }
}
