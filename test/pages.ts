import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The fenced blocks of a language in a page, or in one of its sections. */
export async function blocks(page: string, language: string, section?: string): Promise<string[]> {
  const text = await readFile(join(root, page), "utf8");
  const part =
    section === undefined ? text : text.split(/^## /m).find((each) => each.startsWith(`${section}\n`));
  return [...(part ?? "").matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code);
}
