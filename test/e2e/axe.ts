import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  help: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** What a page's accessibility lacks, one line each, by the rules of axe, or by those alone that are named. */
export async function violationsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  // The page's policy lets no script in but its own; one that the debugger evaluates is not asked.
  await page.evaluate(source);
  const violations = await page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as {
      axe: { run: (options: object) => Promise<{ violations: Violation[] }> };
    };
    return (await axe.run(only === undefined ? {} : { runOnly: [...only] })).violations;
  }, rules);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target }) => `${id}: ${help} (${target.join(" ")})`),
  );
}
