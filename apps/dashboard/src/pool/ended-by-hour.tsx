import type { Overview } from "@espalier/contract";
import { useWidth } from "../charts/use-width.ts";
import { ChartFigure } from "../charts/figure.tsx";
import classes from "./ended-by-hour.module.css";

const hourMs = 3_600_000;
const [height, gap] = [96, 3];

/** The team's runs that have ended in each of the last 24 hours; those that failed stand on those that succeeded. */
export function EndedByHour({ ended, now }: { ended: Overview["ended"]; now: number }) {
  const [place, width] = useWidth<SVGSVGElement>(480);
  const last = Math.floor(now / hourMs) * hourMs;
  const byHour = new Map(ended.map((each) => [Date.parse(each.hour), each]));
  const hours = Array.from({ length: 24 }, (_, i) => {
    const at = last - (23 - i) * hourMs;
    const { succeeded = 0, failed = 0 } = byHour.get(at) ?? {};
    return { at, succeeded, failed };
  });
  const sum = (key: "succeeded" | "failed"): number => hours.reduce((all, each) => all + each[key], 0);
  const [succeeded, failed] = [sum("succeeded"), sum("failed")];
  if (succeeded + failed === 0)
    return <p className={classes.none}>No run of your team has ended since yesterday.</p>;
  const most = Math.max(...hours.map((each) => each.succeeded + each.failed));
  const bar = width / 24;
  const size = (count: number): number => (count / most) * height;
  return (
    <ChartFigure
      title={`${succeeded.toLocaleString()} succeeded`}
      summary={`${failed.toLocaleString()} failed`}
      columns={["hour", "succeeded", "failed"]}
      rows={hours.map((each) => [clock(each.at), String(each.succeeded), String(each.failed)])}
    >
      <svg ref={place} viewBox={`0 0 ${width} ${height + 18}`} className={classes.bars} aria-hidden="true">
        {hours.map((each, i) => (
          <g key={each.at}>
            <title>{`${clock(each.at)}: ${each.succeeded} succeeded, ${each.failed} failed`}</title>
            <rect x={i * bar} y={0} width={bar - gap} height={height} className={classes.ground} />
            <rect
              x={i * bar}
              y={height - size(each.succeeded)}
              width={bar - gap}
              height={size(each.succeeded)}
              className={classes.good}
            />
            <rect
              x={i * bar}
              y={height - size(each.succeeded + each.failed)}
              width={bar - gap}
              height={size(each.failed)}
              className={classes.bad}
            />
            {i % 6 === 4 && (
              <text x={i * bar + (bar - gap) / 2} y={height + 14} textAnchor={i === 23 ? "end" : "middle"}>
                {clock(each.at)}
              </text>
            )}
          </g>
        ))}
      </svg>
    </ChartFigure>
  );
}

const clock = (at: number): string =>
  new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
