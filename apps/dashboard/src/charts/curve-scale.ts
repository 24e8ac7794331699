/** Maps values to pixels, and names round values between them. */
export interface Scale {
  (value: number): number;
  ticks: readonly number[];
}

/** @param from the pixel of the least value, `to` that of the greatest */
export function scaleOf(values: readonly number[], from: number, to: number, count = 5): Scale {
  const finite = values.filter(Number.isFinite);
  const [least, greatest] = finite.length === 0 ? [0, 1] : [Math.min(...finite), Math.max(...finite)];
  const span = greatest - least || Math.abs(greatest) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = ([1, 2, 5, 10].find((each) => span / (each * power) <= count) ?? 10) * power;
  const [low, high] = [
    Math.floor(least / step) * step,
    Math.max(Math.ceil(greatest / step) * step, Math.floor(least / step) * step + step),
  ];
  const scale = (value: number): number => from + ((value - low) / (high - low)) * (to - from);
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) =>
    Number((low + i * step).toPrecision(12)),
  );
  return Object.assign(scale, { ticks });
}
