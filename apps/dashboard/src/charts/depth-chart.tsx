import type { ReactNode } from "react";
import { number } from "../elements/format.ts";
import { scaleOf, type Scale } from "./curve-scale.ts";
import { ChartFigure } from "./figure.tsx";
import { useWidth } from "./use-width.ts";
import classes from "./depth-chart.module.css";

const height = 312;

/** A value at each place of an axis of whole numbers; null where there is none. */
export interface DepthLine {
  name: string;
  values: readonly (number | null)[];
  /** Of each value; they are drawn as a band. */
  standardErrors?: readonly (number | null)[];
}

/** Where things are in a chart, in pixels. */
export interface ChartPlaces {
  x(at: number): number;
  y: Scale;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface DepthChartProps {
  title: string;
  summary: string;
  axis: string;
  /** What stands at each place of the axis: rising whole numbers, as many as a line has values. */
  places: readonly number[];
  lines: readonly DepthLine[];
  /** Values that are seen although no line has them. */
  include?: readonly number[];
  /** What is drawn over the lines. */
  marks?: (places: ChartPlaces) => ReactNode;
  /** @default three significant digits */
  format?: (value: number) => string;
}

/** Lines with their bands over depths or layers, drawn as SVG. */
export function DepthChart({
  title,
  summary,
  axis,
  places,
  lines,
  include = [],
  marks,
  format = number,
}: DepthChartProps) {
  const [place, width] = useWidth<SVGSVGElement>(960);
  const [left, right, top, bottom] = [44, width - 16, 16, 264];
  const drawn = lines.map(({ name, values, standardErrors = [] }) => ({
    name,
    points: values.flatMap((value, i) =>
      value === null ? [] : [{ at: places[i]!, value, error: standardErrors[i] ?? 0 }],
    ),
  }));
  const ends = drawn.flatMap(({ points }) =>
    points.flatMap(({ value, error }) => [value - error, value + error]),
  );
  const y = scaleOf([...include, ...ends], bottom, top);
  const [first, last] = [places[0] ?? 0, places.at(-1) ?? 1];
  const x = (at: number): number => left + ((at - first) / Math.max(1, last - first)) * (right - left);
  const tickEvery = Math.max(1, Math.ceil(((last - first + 1) * 40) / width));
  const withErrors = lines.flatMap(({ name, values, standardErrors }) =>
    standardErrors === undefined
      ? [{ name, values }]
      : [
          { name, values },
          { name: "standard error", values: standardErrors },
        ],
  );
  return (
    <ChartFigure
      title={title}
      summary={summary}
      columns={[axis, ...withErrors.map(({ name }) => name)]}
      rows={places.map((at, i) => [
        String(at),
        ...withErrors.map(({ values }) => {
          const value = values[i];
          return typeof value === "number" ? format(value) : "–";
        }),
      ])}
    >
      <svg ref={place} viewBox={`0 0 ${width} ${height}`} className={classes.chart} aria-hidden="true">
        {y.ticks.map((tick) => (
          <g key={tick} className={classes.tick}>
            <line x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
            <text x={left - 8} y={y(tick) + 4} textAnchor="end">
              {tick}
            </text>
          </g>
        ))}
        {places
          .filter((at) => (at - first) % tickEvery === 0)
          .map((at) => (
            <text key={at} x={x(at)} y={bottom + 20} textAnchor="middle">
              {at}
            </text>
          ))}
        <text x={(left + right) / 2} y={height - 6} textAnchor="middle">
          {axis}
        </text>
        <g className={classes.lines}>
          {drawn.map(({ name, points }) => (
            <g key={name}>
              <polygon
                className={classes.band}
                points={[
                  ...points.map(({ at, value, error }) => `${x(at)},${y(value + error)}`),
                  ...points.toReversed().map(({ at, value, error }) => `${x(at)},${y(value - error)}`),
                ].join(" ")}
              />
              <polyline
                className={classes.line}
                points={points.map(({ at, value }) => `${x(at)},${y(value)}`).join(" ")}
              />
              {points.length <= 12 &&
                points.map(({ at, value }) => (
                  <circle key={at} cx={x(at)} cy={y(value)} r="3" className={classes.point} />
                ))}
            </g>
          ))}
        </g>
        {marks?.({ x, y, left, right, top, bottom })}
      </svg>
      {lines.length > 1 && (
        <ul className={classes.legend} aria-hidden="true">
          {lines.map(({ name }) => (
            <li key={name}>
              <span>{name}</span>
            </li>
          ))}
        </ul>
      )}
    </ChartFigure>
  );
}
