import type { SearchResult } from "@espalier/contract";
import { DepthChart, type ChartPlaces } from "../charts/depth-chart.tsx";
import { number } from "../elements/format.ts";
import { depthCurveOf } from "./depth-curve.ts";
import classes from "./curve.module.css";

interface CurveProps {
  result: SearchResult;
  depth: number;
  choose?: (depth: number) => void;
}

/** What a search measured at each depth with its band, both picks, the middle, and what chance would give. */
export function Curve({ result, depth, choose }: CurveProps) {
  const { small, large, chance } = result;
  const curve = depthCurveOf(result);
  if (!curve) return null;
  const { name, values, standardErrors } = curve;
  const depths = values.map((_, i) => i + 1);
  const picks = [
    { pick: "small", at: small },
    { pick: "large", at: large },
  ].flatMap(({ pick, at }) => (at === null ? [] : [{ pick, at, value: values[at - 1] ?? 0 }]));
  const told = picks.map(({ pick, at, value }) => `${pick} at ${at} layers with ${number(value)}`).join(", ");
  return (
    <DepthChart
      title={name}
      summary={`${told || "no pick"}${chance === undefined ? "" : `; chance is ${number(chance)}`}`}
      axis="layers kept"
      places={depths}
      lines={[{ name: name.toLowerCase(), values, standardErrors }]}
      include={chance === undefined ? [] : [chance]}
      marks={(at) => (
        <>
          <Guides at={at} count={values.length} chance={chance} />
          <line x1={at.x(depth)} x2={at.x(depth)} y1={at.top} y2={at.bottom} className={classes.chosen} />
          {picks.map(({ pick, at: layers, value }) => (
            <g key={pick} className={classes.pick}>
              <circle cx={at.x(layers)} cy={at.y(value)} r="5" />
              <text x={at.x(layers)} y={at.y(value) + 22} textAnchor="middle">
                {pick} {layers}
              </text>
            </g>
          ))}
          {choose &&
            depths.map((each) => (
              <rect
                key={each}
                x={at.x(each - 0.5)}
                y={at.top}
                width={at.x(2) - at.x(1)}
                height={at.bottom - at.top}
                className={classes.target}
                onClick={() => choose(each)}
              />
            ))}
        </>
      )}
    />
  );
}

/** Where the two halves meet, and what a model scores that tells nothing apart. */
function Guides({ at, count, chance }: { at: ChartPlaces; count: number; chance: number | undefined }) {
  const middle = at.x(count / 2 + 0.5);
  return (
    <>
      <line x1={middle} x2={middle} y1={at.top} y2={at.bottom} className={classes.middle} />
      <text x={middle + 6} y={at.top + 10} className={classes.label}>
        middle
      </text>
      {chance !== undefined && (
        <>
          <line x1={at.left} x2={at.right} y1={at.y(chance)} y2={at.y(chance)} className={classes.chance} />
          <text x={at.right} y={at.y(chance) - 6} textAnchor="end" className={classes.label}>
            chance, ln(2B)
          </text>
        </>
      )}
    </>
  );
}
