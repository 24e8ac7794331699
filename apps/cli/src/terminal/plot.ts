export interface PlotOptions {
  /** Values by x; null leaves a gap. */
  values: readonly (number | null)[];
  /** The first x; default 1. */
  first?: number;
  /** Marks under the axis by x, such as `{ 4: "small" }`. */
  marks?: Readonly<Record<number, string>>;
  /** A horizontal line with its label. */
  line?: { value: number; label: string } | undefined;
  xTitle: string;
  /** Characters that the whole plot may take; the x axis is thinned when it is too long. */
  columns: number;
  /** Rows of the plot; default 12. */
  height?: number;
}

const gutter = 9;

/** Lines of a plot of one curve: `●` at marked points, `•` at the others, `┄` for the line. */
export function formatPlot({
  values,
  first = 1,
  marks = {},
  line,
  xTitle,
  columns,
  height = 12,
}: PlotOptions): string[] {
  const finite = values.filter((value) => value !== null);
  if (finite.length === 0) return ["(no finite value)"];
  const top = Math.max(...finite, line?.value ?? -Infinity);
  const bottom = Math.min(...finite, line?.value ?? Infinity);
  const span = top - bottom || 1;
  const rowOf = (value: number): number => Math.round(((top - value) / span) * (height - 1));
  // Each x gets the same number of columns, at least one.
  const step = Math.max(1, Math.min(6, Math.floor((columns - gutter - 2) / values.length)));
  const width = values.length * step;
  const grid = Array.from({ length: height }, () => Array.from({ length: width }, () => " "));
  if (line) grid[rowOf(line.value)]!.fill("┄");
  values.forEach((value, index) => {
    if (value !== null) grid[rowOf(value)]![column(index + 1, step)] = index + first in marks ? "●" : "•";
  });
  const lines = grid.map((cells, row) => {
    const label = row === 0 || row === height - 1 || row === Math.floor(height / 2);
    const value = top - (row / (height - 1)) * span;
    const end = line && row === rowOf(line.value) ? ` ${line.label}` : "";
    return `${(label ? value.toFixed(3) : "").padStart(gutter - 2)} ┤${cells.join("").trimEnd()}${end}`;
  });
  lines.push(`${" ".repeat(gutter - 1)}└${"─".repeat(width)}`);
  lines.push(axis(values.length, first, step, width) + ` ${xTitle}`);
  lines.push(...markLines(marks, first, step));
  return lines;
}

const column = (x: number, step: number): number => (x - 1) * step + Math.floor(step / 2);

/** Numbers under the axis, as many as fit without touching. */
function axis(count: number, first: number, step: number, width: number): string {
  const every = Math.ceil((String(count).length + 1) / step);
  const cells = Array.from({ length: width + 3 }, () => " ");
  for (let x = 1; x <= count; x += every) write(cells, column(x, step), String(x - 1 + first));
  return " ".repeat(gutter) + cells.join("").trimEnd();
}

/** One line per mark, so that marks never run into each other: `▲ small (4)`. */
function markLines(marks: Readonly<Record<number, string>>, first: number, step: number): string[] {
  return Object.entries(marks).map(
    ([x, name]) => `${" ".repeat(gutter + column(Number(x) - first + 1, step))}▲ ${name}: ${x}`,
  );
}

function write(cells: string[], at: number, text: string): void {
  for (const [i, character] of Array.from(text).entries()) cells[at + i] = character;
}
