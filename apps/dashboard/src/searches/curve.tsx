import type { SearchResult } from "@espalier/contract";
import { scaleOf } from "../charts/curve-scale.ts";
import { useWidth } from "../charts/use-width.ts";
import { ChartFigure } from "../charts/figure.tsx";
import { number } from "../elements/format.ts";
import classes from "./curve.module.css";

const height = 312;

interface Props {
  result: SearchResult;
  depth: number;
  choose?: (depth: number) => void;
}

/** The loss at each depth with its band, both minima, the middle, and what chance would give. */
export function Curve({ result, depth, choose }: Props) {
  const [place, width] = useWidth<SVGSVGElement>(960);
  const box = { left: 40, right: width - 16, top: 16, bottom: 264 };
  const { lossByLayer: losses, standardErrorByLayer: errors, small, large, chance = 0 } = result;
  const finite = losses.flatMap((loss, i) =>
    loss === null ? [] : [{ depth: i + 1, loss, error: errors[i] ?? 0 }],
  );
  const y = scaleOf(
    [chance, ...finite.flatMap(({ loss, error }) => [loss - error, loss + error])],
    box.bottom,
    box.top,
  );
  const x = (each: number): number =>
    box.left + ((each - 1) / Math.max(1, losses.length - 1)) * (box.right - box.left);
  const path = (points: readonly (readonly [number, number])[]): string =>
    points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
  const band = path([
    ...finite.map((each) => [each.depth, each.loss + each.error] as const),
    ...finite.toReversed().map((each) => [each.depth, each.loss - each.error] as const),
  ]);
  const picks = [
    { name: "small", at: small },
    { name: "large", at: large },
  ].flatMap(({ name, at }) => (at === null ? [] : [{ name, at, loss: losses[at - 1] ?? 0 }]));
  const middle = losses.length / 2 + 0.5;
  const tickEvery = Math.max(1, Math.ceil((losses.length * 40) / width));
  return (
    <ChartFigure
      title="Loss"
      summary={`${picks.map(({ name, at, loss }) => `${name} at ${at} layers with ${number(loss)}`).join(", ") || "no minimum"}; chance is ${number(chance)}`}
      columns={["layers", "loss", "standard error"]}
      rows={losses.map((loss, i) => [
        String(i + 1),
        loss === null ? "not finite" : number(loss),
        typeof errors[i] === "number" ? number(errors[i]) : "–",
      ])}
    >
      <svg ref={place} viewBox={`0 0 ${width} ${height}`} className={classes.curve} aria-hidden="true">
        {y.ticks.map((tick) => (
          <g key={tick} className={classes.tick}>
            <line x1={box.left} x2={box.right} y1={y(tick)} y2={y(tick)} />
            <text x={box.left - 8} y={y(tick) + 4} textAnchor="end">
              {tick}
            </text>
          </g>
        ))}
        {losses.map((_, i) =>
          i % tickEvery === 0 ? (
            <text key={i} x={x(i + 1)} y={box.bottom + 20} textAnchor="middle" className={classes.label}>
              {i + 1}
            </text>
          ) : null,
        )}
        <text x={(box.left + box.right) / 2} y={height - 6} textAnchor="middle" className={classes.label}>
          layers kept
        </text>
        <line x1={x(middle)} x2={x(middle)} y1={box.top} y2={box.bottom} className={classes.middle} />
        <text x={x(middle) + 6} y={box.top + 10} className={classes.label}>
          middle
        </text>
        <line x1={box.left} x2={box.right} y1={y(chance)} y2={y(chance)} className={classes.chance} />
        <text x={box.right} y={y(chance) - 6} textAnchor="end" className={classes.label}>
          chance, ln(2B)
        </text>
        <polygon points={band} className={classes.band} />
        <polyline
          points={path(finite.map((each) => [each.depth, each.loss] as const))}
          className={classes.line}
        />
        <line x1={x(depth)} x2={x(depth)} y1={box.top} y2={box.bottom} className={classes.chosen} />
        {picks.map(({ name, at, loss }) => (
          <g key={name} className={classes.pick}>
            <circle cx={x(at)} cy={y(loss)} r="5" />
            <text x={x(at)} y={y(loss) + 22} textAnchor="middle">
              {name} {at}
            </text>
          </g>
        ))}
        {choose &&
          losses.map((_, i) => (
            <rect
              key={i}
              x={x(i + 0.5)}
              y={box.top}
              width={x(2) - x(1)}
              height={box.bottom - box.top}
              className={classes.target}
              onClick={() => choose(i + 1)}
            />
          ))}
      </svg>
    </ChartFigure>
  );
}
