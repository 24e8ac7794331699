import type { Experiment } from "@espalier/contract";
import { scaleOf } from "../charts/curve-scale.ts";
import { useWidth } from "../charts/use-width.ts";
import { ChartFigure } from "../charts/figure.tsx";
import { Frame } from "../elements/panel.tsx";
import { frontOf, pointsOf } from "./score.ts";
import classes from "./pareto.module.css";

const height = 312;

/** What each depth costs in layers and gives in score; the line joins those that no other one beats. */
export function Pareto({ experiment: { variants } }: { experiment: Experiment }) {
  const [place, width] = useWidth<SVGSVGElement>(640);
  const box = { left: 40, right: width - 40, top: 20, bottom: 264 };
  const points = pointsOf(variants);
  if (points.length === 0) return null;
  const front = frontOf(points);
  const x = scaleOf([0, ...points.map(({ layers }) => layers)], box.left, box.right, 6);
  const y = scaleOf(
    points.map(({ score }) => 100 * score),
    box.bottom,
    box.top,
  );
  return (
    <Frame title="Cost and score">
      <ChartFigure
        title="Score by layers"
        summary={`unbeaten: ${front.map(({ variant, trained }) => `${variant.name}${trained ? " trained" : ""}`).join(", ")}`}
        columns={["variant", "layers", "score"]}
        rows={points.map(({ variant, layers, score, trained }) => [
          `${variant.name}${trained ? " trained" : ""}`,
          String(layers),
          (100 * score).toFixed(2),
        ])}
      >
        <svg ref={place} viewBox={`0 0 ${width} ${height}`} className={classes.pareto} aria-hidden="true">
          {y.ticks.map((tick) => (
            <g key={tick}>
              <line x1={box.left} x2={box.right} y1={y(tick)} y2={y(tick)} className={classes.grid} />
              <text x={box.left - 8} y={y(tick) + 4} textAnchor="end">
                {tick}
              </text>
            </g>
          ))}
          {x.ticks.map((tick) => (
            <text key={tick} x={x(tick)} y={box.bottom + 20} textAnchor="middle">
              {tick}
            </text>
          ))}
          <text x={(box.left + box.right) / 2} y={height - 6} textAnchor="middle">
            layers
          </text>
          <polyline
            points={front.map(({ layers, score }) => `${x(layers)},${y(100 * score)}`).join(" ")}
            className={classes.front}
          />
          {points.map(({ variant, layers, score, trained }) => (
            <g key={`${variant.name} ${trained}`} className={trained ? classes.trained : classes.untrained}>
              <circle cx={x(layers)} cy={y(100 * score)} r="5" />
              <text x={x(layers)} y={y(100 * score) - 10} textAnchor="middle">
                {variant.name}
              </text>
            </g>
          ))}
        </svg>
      </ChartFigure>
      <p className={classes.legend}>Filled: trained. Open: as it was pruned.</p>
    </Frame>
  );
}
