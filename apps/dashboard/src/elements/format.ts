const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** Two units at most: `3 d 4 h`, `12 min`, `8 s`. Seconds beside minutes would only flicker. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  for (const [i, [unit, size]] of units.entries()) {
    if (seconds < size && size > 1) continue;
    const whole = Math.floor(seconds / size);
    const [smaller, smallerSize] = units[i + 1] ?? [];
    const rest = smallerSize === undefined ? 0 : Math.floor((seconds % size) / smallerSize);
    return rest > 0 && (unit !== "min" || whole < 10) && whole < 10
      ? `${whole} ${unit} ${rest} ${smaller}`
      : `${whole} ${unit}`;
  }
  return "0 s";
}

const sizes = ["B", "kB", "MB", "GB", "TB"];
export function bytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${sizes[power]}`;
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** A score in points, as people of the field write it. */
export const points = (score: number): string => (100 * score).toFixed(1);

/** `134.5 M` parameters. */
export function many(count: number): string {
  for (const [size, unit] of [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (count >= size) return `${(count / size).toFixed(count >= 100 * size ? 0 : 1)} ${unit}`;
  return String(count);
}

/** A measured value in as many digits as matter. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return size >= 100
    ? String(Math.round(value * 10) / 10)
    : value
        .toPrecision(4)
        .replace(/(\.\d*?)0+$/, "$1")
        .replace(/\.$/, "");
}

/** The end of an id, by which people tell it from others. */
export const shortId = (id: string): string => id.slice(-6);
