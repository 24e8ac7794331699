/** Text that becomes no markup, in HTML and in SVG. */
export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Where a value lies between the edges of a figure. */
export interface Scale {
  at: (value: number) => number;
  ticks: number[];
}

/** A scale whose ends are round numbers around the values; `from` and `to` are places in the figure. */
export function linear(values: readonly number[], from: number, to: number): Scale {
  const finite = values.filter(Number.isFinite);
  let [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (finite.length === 0) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1];
  const step = stepFor(high - low);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const [start, end] = [first * step, last * step];
  return { at: (value) => from + ((value - start) / (end - start)) * (to - from), ticks };
}

/** 1, 2 or 5 times a power of ten, so that there are about five steps. */
function stepFor(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / 5));
  const factor = [1, 2, 5, 10].find((each) => range / (each * power) <= 6) ?? 10;
  return factor * power;
}

/** Few digits, without those that arithmetic leaves behind. */
export const short = (value: number): string => String(Number(value.toPrecision(4)));

const round = (value: number): string => value.toFixed(1);

export const line = (x1: number, y1: number, x2: number, y2: number, kind = "axis"): string =>
  `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;

export const dot = (x: number, y: number, kind = "dot"): string =>
  `<circle class="${kind}" cx="${round(x)}" cy="${round(y)}" r="4"/>`;

export const path = (points: readonly (readonly [number, number])[], kind = "curve"): string =>
  `<polyline class="${kind}" points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ")}"/>`;

export const band = (x: number, y: number, width: number, height: number): string =>
  `<rect class="band" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`;

export const label = (
  x: number,
  y: number,
  text: string,
  anchor: "start" | "middle" | "end" = "middle",
): string => `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;

/** A figure that says in words what it shows. */
export const figure = (width: number, height: number, title: string, parts: readonly string[]): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}"><title>${escaped(title)}</title>${parts.join("")}</svg>`;
