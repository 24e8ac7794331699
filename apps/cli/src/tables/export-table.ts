import type { Export, LeftOut } from "@espalier/contract";
import { formatBytes } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

/** An exported format, with its files wherever they lie. */
export type ExportRow = Pick<Export, "format" | "parity" | "int8"> & {
  files: readonly { name: string; bytes: number }[];
};

interface ExportRows {
  exports: readonly ExportRow[];
  leftOut?: readonly LeftOut[];
  notes: readonly string[];
}

/** What an export has written, how near its vectors are to the model's, and what it had to leave out. */
export function printExports(
  { exports, leftOut = [], notes }: ExportRows,
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
  const missing = leftOut.map(({ format, reason }) => `left out: ${format}. ${reason}`);
  for (const line of [...lines, ...missing, ...notes]) print(line);
}
