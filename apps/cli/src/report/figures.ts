import type { ComparedVariant, SearchResult, VariantReport } from "@espalier/contract";
import { band, dot, figure, label, line, linear, path, short, type Scale } from "./svg.ts";
import { meanOf, points, signed } from "./words.ts";

const [width, height] = [640, 320];
const [left, right, top, bottom] = [64, 24, 16, 48];

function axes(x: Scale, y: Scale, [xTitle, yTitle]: readonly [string, string]): string[] {
  const [foot, edge] = [height - bottom, width - right];
  return [
    line(left, foot, edge, foot),
    line(left, top, left, foot),
    ...x.ticks.flatMap((tick) => [label(x.at(tick), foot + 18, short(tick))]),
    ...y.ticks.flatMap((tick) => [
      line(left, y.at(tick), edge, y.at(tick), "grid"),
      label(left - 8, y.at(tick) + 4, short(tick), "end"),
    ]),
    label((left + edge) / 2, height - 8, xTitle),
    `<text transform="rotate(-90 14 ${(top + foot) / 2})" x="14" y="${(top + foot) / 2}" text-anchor="middle">${yTitle}</text>`,
  ];
}

/** The loss of the untrained model at every depth, with the two picks and what guessing would score; none of rules without a loss. */
export function curve({ lossByLayer, small, large, chance }: SearchResult): string | undefined {
  const known = lossByLayer.flatMap((loss, i) => (loss === null ? [] : [[i + 1, loss] as const]));
  if (known.length === 0) return undefined;
  const x = linear([1, lossByLayer.length], left, width - right);
  const y = linear(
    [...known.map(([, loss]) => loss), ...(chance === undefined ? [] : [chance])],
    height - bottom,
    top,
  );
  const picks = [
    ["small", small],
    ["large", large],
  ] as const;
  return figure(width, height, "Loss of the untrained model by layers kept", [
    ...axes(x, y, ["layers kept", "contrastive loss"]),
    ...(chance === undefined
      ? []
      : [
          line(left, y.at(chance), width - right, y.at(chance), "chance"),
          label(width - right, y.at(chance) - 6, `chance ${short(chance)}`, "end"),
        ]),
    path(known.map(([depth, loss]) => [x.at(depth), y.at(loss)])),
    ...picks.flatMap(([name, depth]) => {
      const loss = depth === null ? null : lossByLayer[depth - 1];
      if (depth === null || loss === null || loss === undefined) return [];
      return [dot(x.at(depth), y.at(loss)), label(x.at(depth), y.at(loss) - 10, `${name} ${depth}`)];
    }),
  ]);
}

const costs = {
  size: { title: "size in MB", of: ({ bytes }: VariantReport) => bytes && bytes / 1e6 },
  latency: {
    title: "milliseconds for a thousand tokens",
    of: ({ tokensPerSecond }: VariantReport) => tokensPerSecond && 1e6 / tokensPerSecond,
  },
};

/** Scores against what a variant costs; those on the line are beaten by none that costs less. */
export function pareto(variants: readonly VariantReport[], by: keyof typeof costs): string | undefined {
  const { title, of } = costs[by];
  const known = variants
    .flatMap((variant) => {
      const [cost, score] = [of(variant), meanOf(variant.after) ?? meanOf(variant.before)];
      return cost && score !== undefined ? [{ name: variant.name, cost, score: 100 * score }] : [];
    })
    .sort((a, b) => a.cost - b.cost || b.score - a.score);
  if (known.length < 2) return undefined;
  const front = known.filter(({ score }, i) => known.slice(0, i).every((cheaper) => cheaper.score < score));
  const x = linear([0, ...known.map(({ cost }) => cost)], left, width - right);
  const y = linear(
    known.map(({ score }) => score),
    height - bottom,
    top,
  );
  return figure(width, height, `Score by ${title}`, [
    ...axes(x, y, [title, "score in points"]),
    path(front.map(({ cost, score }) => [x.at(cost), y.at(score)])),
    ...known.flatMap(({ name, cost, score }) => [
      dot(x.at(cost), y.at(score), front.some((each) => each.name === name) ? "dot" : "beaten"),
      label(x.at(cost), y.at(score) - 10, name, x.at(cost) > width - 120 ? "end" : "middle"),
    ]),
  ]);
}

/** Differences to the baseline with their 95 % intervals, and the margin as a band. */
export function deltas(compared: readonly ComparedVariant[], margin: number): string | undefined {
  if (compared.length === 0) return undefined;
  const [names, row] = [200, 26];
  const tall = top + row * compared.length + bottom;
  const ends = compared.flatMap(({ delta, interval }) => [delta, ...interval]);
  const x = linear(
    [0, -margin, margin, ...ends].map((value) => 100 * value),
    names,
    width - right,
  );
  const at = (score: number) => x.at(100 * score);
  const foot = tall - bottom;
  return figure(width, tall, "Differences to the baseline with 95 % intervals", [
    band(at(-margin), top, at(margin) - at(-margin), foot - top),
    line(at(0), top, at(0), foot),
    line(names, foot, width - right, foot),
    ...x.ticks.map((tick) => label(x.at(tick), foot + 18, short(tick))),
    label((names + width - right) / 2, tall - 8, `difference in points; the band is ±${points(margin)}`),
    ...compared.flatMap(({ name, stage, delta, interval: [low, high] }, i) => {
      const y = top + row * (i + 0.5);
      return [
        label(names - 12, y + 4, `${name}, ${stage}`, "end"),
        line(at(low), y, at(high), y, "whisker"),
        `<g>${dot(at(delta), y)}<title>${signed(delta)}</title></g>`,
      ];
    }),
  ]);
}
