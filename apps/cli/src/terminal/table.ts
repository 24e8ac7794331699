export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  align?: "left" | "right";
}

/** Lines of a table whose columns are as wide as their widest cell; cells must hold no escape sequences. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => value(row))),
  ];
  const widths = columns.map((_, c) => Math.max(...cells.map((line) => width(line[c]!))));
  return cells.map((line) =>
    line
      .map((cell, c) => {
        const space = " ".repeat(widths[c]! - width(cell));
        return columns[c]!.align === "right" ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

const width = (text: string): number => Array.from(text).length;
