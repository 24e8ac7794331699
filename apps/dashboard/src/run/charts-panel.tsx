import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { ChartFigure } from "../charts/figure.tsx";
import { number } from "../elements/format.ts";
import { Loading, Panel } from "../elements/panel.tsx";
import type { Run } from "@espalier/contract";
import { readSeries, type Series } from "./series.ts";
import classes from "./run-page.module.css";

const Plot = lazy(() => import("../charts/plot.tsx").then(({ Plot: plot }) => ({ default: plot })));

/** Milliseconds between looks while a run measures. */
const everyMs = 10_000;

/** What a run measured, a chart for each name; what was computed in vain lies behind it, dashed. */
export function ChartsPanel({ run: { id, kind }, live }: { run: Run; live: boolean }) {
  const query = useQuery({
    queryKey: ["series", id],
    queryFn: ({ signal }) => readSeries([{ id, kind }], true, signal),
    refetchInterval: live ? everyMs : false,
  });
  if (query.data?.length === 0) return null;
  return (
    <Panel title="Measured" query={query} rows={6}>
      {(all) => (
        <div className={classes.charts}>
          {all
            .filter(({ discarded }) => !discarded)
            .map((series) => (
              <SeriesChart
                key={series.name}
                series={series}
                ghost={all.find(({ name, discarded }) => discarded && name === series.name)}
              />
            ))}
        </div>
      )}
    </Panel>
  );
}

function SeriesChart({ series: { name, x, y }, ghost }: { series: Series; ghost: Series | undefined }) {
  const finite = y.filter((value) => value !== null);
  const [first, last] = [finite[0], finite.at(-1)];
  const summary =
    first === undefined || last === undefined
      ? "nothing finite yet"
      : `${number(first)} → ${number(last)} over ${x.length} points, least ${number(finite.reduce((a, b) => Math.min(a, b)))}`;
  const rows = x.map((step, i) => [String(step), y[i] === null || y[i] === undefined ? "–" : number(y[i])]);
  if (x.length === 1)
    return (
      <p className={classes.single}>
        {name} <b>{last === undefined ? "–" : number(last)}</b>
      </p>
    );
  return (
    <ChartFigure title={name} summary={summary} columns={["step", name]} rows={rows}>
      <Suspense fallback={<Loading rows={5} />}>
        <Plot
          xLabel="step"
          lines={[...(ghost ? [{ ...ghost, name: "in vain", ghost: true }] : []), { name, x, y }]}
        />
      </Suspense>
    </ChartFigure>
  );
}
