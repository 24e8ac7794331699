import type { Output } from "../terminal/output.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { formatTable, type Column } from "../terminal/table.ts";

/** Query of a page; the service checks the numbers. */
export const pageOf = (limit: string | undefined, cursor: string | undefined) => ({
  ...(limit === undefined ? {} : { limit: Number(limit) }),
  ...(cursor === undefined ? {} : { cursor }),
});

/** Prints a page as a table, or as data, and says how to read on. */
export function printPage<Item>(
  output: Output,
  page: { items: readonly Item[]; cursor?: string },
  columns: readonly Column<Item>[],
): ExitCode {
  if (output.json) {
    output.printJson(page);
    return exitCode.ok;
  }
  for (const line of formatTable(page.items, columns, output.columns())) output.print(line);
  if (page.cursor) output.note(`more: --cursor ${page.cursor}`);
  return exitCode.ok;
}
