import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands } from "../../apps/cli/src/commands/index.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** The page and its section, such as `README.md: Three lines`. */
  place: string;
  language: string;
  code: string;
}

/** The fenced blocks of a page, in order. */
export async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(join(root, page), "utf8");
  return text.split(/^## /m).flatMap((part, i) => {
    const section = i === 0 ? "" : part.split("\n")[0];
    return [...part.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = "", code = ""]) => ({
      place: section === "" ? page : `${page}: ${section}`,
      language,
      code,
    }));
  });
}

/** The blocks of a language in a page, or in one of its sections. */
export async function blocks(page: string, language: string, section?: string): Promise<string[]> {
  return (await blocksOf(page))
    .filter((block) => block.language === language)
    .filter(({ place }) => section === undefined || place === `${page}: ${section}`)
    .map(({ code }) => code);
}

/** Every page that tells people what to type. */
export async function pages(): Promise<string[]> {
  const docs = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md"));
  return [
    "README.md",
    "packages/encoder/README.md",
    "apps/cli/demo/README.md",
    ...docs.map((name) => `docs/${name}`),
  ];
}

/** The command lines of a script: comments left out, lines that go on joined, and what a parenthesis holds as one. */
export function linesOf(code: string): string[] {
  const lines: string[] = [];
  let open = "";
  for (const line of code.split("\n")) {
    open += line.endsWith("\\") ? line.slice(0, -1) : line;
    const inside = open.startsWith("(") && !/^\)/m.test(open);
    if (line.endsWith("\\")) continue;
    if (inside) open += "\n";
    else {
      if (open.trim() !== "")
        lines.push(
          open
            .replace(/\s+# .*$/, "")
            .replace(/\s+/g, " ")
            .trim(),
        );
      open = "";
    }
  }
  return lines;
}

/** Command lines in the sentences of a page, such as `espalier pool`. */
export async function mentionsOf(page: string): Promise<string[]> {
  const text = (await readFile(join(root, page), "utf8")).replace(/^```.*?^```$/gms, "");
  return [...text.matchAll(/`((?:espalier|npm|npx) [^`]+)`/g)].map(([, line = ""]) =>
    line.replace(/\s+/g, " "),
  );
}

/** Every example of help, by its command. */
export const examples = commands.flatMap(({ name, examples = [] }) =>
  examples.map((line) => ({ name, line })),
);
