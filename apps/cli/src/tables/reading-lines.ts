import type { DatasetReading } from "@espalier/contract";

const count = (n: number, one: string, many: string): string =>
  n === 1 ? `1 ${one}` : `${n.toLocaleString("en")} ${many}`;

/** What a file of rows has that was passed over. */
export function skippedLines({ blankLines = 0, ignored = [] }: Partial<DatasetReading>): string[] {
  const names = ignored.map(({ name }) => (name === "" ? "a column without a name" : name.slice(0, 40)));
  const more = names.length > 8 ? ` and ${names.length - 8} more` : "";
  return [
    ...(blankLines > 0 ? [`${count(blankLines, "blank line was", "blank lines were")} skipped`] : []),
    ...(names.length > 0
      ? [`ignored: ${names.slice(0, 8).join(", ")}${more}; --columns says what a field means`]
      : []),
  ];
}

/** What the user should know of how a file was read. */
export function readingLines(reading: DatasetReading | undefined): string[] {
  const { duplicates = 0, errors = 0 } = reading ?? {};
  return [
    ...(errors > 0
      ? [`! ${count(errors, "line that cannot be read was", "lines that cannot be read were")} left out`]
      : []),
    ...skippedLines(reading ?? {}).map((line) => `  ${line}`),
    ...(duplicates > 0
      ? [
          `! ${count(duplicates, "row repeats", "rows repeat")} an earlier one; in a batch they are negatives of each other`,
        ]
      : []),
  ];
}
