import type { Output } from "../terminal/output.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { formatTable, type Column } from "../terminal/table.ts";

/** Query of a page; the service checks the numbers. */
export const pageOf = (limit: string | undefined, cursor: string | undefined) => ({
  ...(limit === undefined ? {} : { limit: Number(limit) }),
  ...(cursor === undefined ? {} : { cursor }),
});

/** Options of lists of what somebody makes, and their help. */
export const madeByOptions = {
  limit: { type: "string" },
  cursor: { type: "string" },
  user: { type: "string" },
} as const;
export const madeByHelp = [
  "--user USER            only what this user of the team has made",
  "--limit N, --cursor C",
];

/** Query of such a list. */
export const madeBy = (values: {
  limit?: string | undefined;
  cursor?: string | undefined;
  user?: string | undefined;
}) => ({
  ...pageOf(values.limit, values.cursor),
  ...(values.user === undefined ? {} : { createdBy: values.user }),
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
