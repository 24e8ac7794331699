import type { ComparedVariant, Comparison } from "@espalier/contract";
import { scaleOf } from "../charts/curve-scale.ts";
import { ChartFigure } from "../charts/figure.tsx";
import { useWidth } from "../charts/use-width.ts";
import { points } from "../elements/format.ts";
import { nameOf, signed, verdicts } from "./compared.ts";
import classes from "./deltas.module.css";

const rowHeight = 34;

/** What each variant gains or loses against the baseline, with its interval, over the margin within which nothing is lost. */
export function Deltas({ comparison: { baseline, margin, variants: all } }: { comparison: Comparison }) {
  const trained = all.filter(({ stage }) => stage === "after");
  const variants = [...trained, ...all.filter(({ stage }) => stage === "before")];
  const [place, width] = useWidth<SVGSVGElement>(960);
  const [labels, told] = [Math.min(200, width * 0.3), Math.min(240, width * 0.3)];
  const bottom = 12 + rowHeight * variants.length;
  const x = scaleOf(
    [-100 * margin, 100 * margin, ...variants.flatMap(({ interval }) => interval.map((end) => 100 * end))],
    labels + 16,
    width - told,
  );
  return (
    <ChartFigure
      title={`Against ${baseline}`}
      summary={(trained.length > 0 ? trained : all)
        .map((each) => `${nameOf(each)} ${signed(each.delta)}, ${verdicts[each.verdict]}`)
        .join("; ")}
      columns={["variant", "score", "delta", "from", "to", "seeds"]}
      rows={variants.map((each) => [
        nameOf(each),
        points(each.score),
        signed(each.delta),
        signed(each.interval[0]),
        signed(each.interval[1]),
        String(each.seeds),
      ])}
    >
      <svg
        ref={place}
        viewBox={`0 0 ${width} ${bottom + 40}`}
        height={bottom + 40}
        className={classes.deltas}
        aria-hidden="true"
      >
        <rect
          x={x(-100 * margin)}
          width={x(100 * margin) - x(-100 * margin)}
          y={4}
          height={bottom - 4}
          className={classes.margin}
        />
        {x.ticks.map((tick) => (
          <g key={tick} className={tick === 0 ? classes.zero : classes.tick}>
            <line x1={x(tick)} x2={x(tick)} y1={4} y2={bottom} />
            <text x={x(tick)} y={bottom + 16} textAnchor="middle">
              {tick > 0 ? `+${tick}` : tick < 0 ? `−${-tick}` : "0"}
            </text>
          </g>
        ))}
        <text x={(labels + 16 + width - told) / 2} y={bottom + 34} textAnchor="middle">
          points against {baseline}, with intervals of 95 %
        </text>
        {variants.map((each, i) => (
          <Row
            key={nameOf(each)}
            of={each}
            x={x}
            y={12 + rowHeight * (i + 0.5)}
            ends={[labels, width - told + 20]}
          />
        ))}
      </svg>
    </ChartFigure>
  );
}

function Row({
  of,
  x,
  y,
  ends,
}: {
  of: ComparedVariant;
  x: (points: number) => number;
  y: number;
  /** Where the name ends, and where the verdict begins. */
  ends: readonly [number, number];
}) {
  const { delta, interval, verdict, size } = of;
  const [from, to] = [x(100 * interval[0]), x(100 * interval[1])];
  return (
    <g className={classes[verdict === "loss" ? "loss" : verdict === "undecided" ? "open" : "held"]}>
      <text x={ends[0]} y={y + 4} textAnchor="end" className={classes.name}>
        {nameOf(of)}
      </text>
      <line x1={from} x2={to} y1={y} y2={y} className={classes.interval} />
      <line x1={from} x2={from} y1={y - 5} y2={y + 5} className={classes.interval} />
      <line x1={to} x2={to} y1={y - 5} y2={y + 5} className={classes.interval} />
      <circle cx={x(100 * delta)} cy={y} r="5" />
      <text x={ends[1]} y={y + 4}>
        {verdicts[verdict]}
        {size !== undefined && `, ${Math.round(100 * size)} % of the size`}
      </text>
    </g>
  );
}
