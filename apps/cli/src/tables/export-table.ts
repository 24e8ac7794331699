import type { Export } from "@espalier/contract";
import { formatBytes } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

/** An exported format, with its files wherever they lie. */
export type ExportRow = Pick<Export, "format" | "parity" | "int8"> & {
  files: readonly { name: string; bytes: number }[];
};

/** What an export has written, and how near its vectors are to the model's. */
export function printExports(
  exports: readonly ExportRow[],
  notes: readonly string[],
  print: (line: string) => void,
): void {
  const cosine = (value: number | undefined) => value?.toFixed(6) ?? "";
  const lines = formatTable(exports, [
    { title: "FORMAT", value: ({ format }) => format },
    { title: "FILES", value: ({ files }) => String(files.length), align: "right" },
    {
      title: "SIZE",
      value: ({ files }) => formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0)),
      align: "right",
    },
    { title: "WORST COSINE", value: ({ parity }) => cosine(parity.least), align: "right" },
    {
      title: "IN 8 BITS",
      value: ({ int8 }) => `${cosine(int8?.least)}${int8?.refused ? " (left out)" : ""}`,
      align: "right",
    },
  ]);
  for (const line of [...lines, ...notes]) print(line);
}
