import { wrap } from "./wrap.ts";

export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  align?: "left" | "right";
}

const gap = 2;
const indent = "    ";
/** What a cell says that has nothing to say. */
const nothing = /^–?$/;

/**
 * Lines of a table whose columns are as wide as their widest cell; cells must hold no escape sequences. Columns for which a
 * terminal of `width` characters has no room stand beneath each row, with their titles.
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width = Infinity,
): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => value(row)));
  const widths = columns.map(({ title }, c) =>
    Math.max(length(title), ...cells.map((row) => length(row[c]!))),
  );
  const fits = columnsWithin(widths, width);
  const line = (texts: readonly string[]): string =>
    texts
      .slice(0, fits)
      .map((text, c) => {
        const space = " ".repeat(widths[c]! - length(text));
        return columns[c]!.align === "right" ? space + text : text + space;
      })
      .join(" ".repeat(gap))
      .trimEnd();
  const beneath = (texts: readonly string[]): string[] =>
    columns.slice(fits).flatMap(({ title }, i) => {
      const text = texts[fits + i]!;
      return nothing.test(text) ? [] : wrap(`${title.toLowerCase()} ${text}`, width, indent);
    });
  return [
    line(columns.map(({ title }) => title)),
    ...cells.flatMap((texts) => [line(texts), ...beneath(texts)]),
  ];
}

/** How many columns, from the left, have room; at least one. */
function columnsWithin(widths: readonly number[], width: number): number {
  let used = -gap;
  const first = widths.findIndex((each) => (used += each + gap) > width);
  return first < 0 ? widths.length : Math.max(1, first);
}

/** Letters of Chinese, Japanese and Korean, and pictures, which terminals show in two cells (East Asian Width W and F). */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Cells of a terminal that a text takes. */
const length = (text: string): number =>
  Array.from(text).reduce((sum, sign) => sum + (/\p{M}/u.test(sign) ? 0 : wide.test(sign) ? 2 : 1), 0);
