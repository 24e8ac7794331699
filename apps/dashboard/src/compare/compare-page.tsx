import type { Run } from "@espalier/contract";
import { useQueries, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { get } from "../api/request.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { Empty } from "../elements/empty.tsx";
import { number } from "../elements/format.ts";
import { Icon } from "../elements/icon.tsx";
import { ChartFigure } from "../charts/figure.tsx";
import { Page } from "../elements/page.tsx";
import { Frame, Loading, Panel } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { cells, Table } from "../elements/table.tsx";
import { flatten } from "../run/settings.ts";
import { readSeries, type Series } from "../run/series.ts";
import { titleOf } from "../runs/title.ts";
import { axisOf, type Axis } from "./axis.ts";
import { smoothed } from "./smooth.ts";
import { whyNotComparable } from "./comparable.ts";
import classes from "./compare-page.module.css";

const Plot = lazy(() => import("../charts/plot.tsx").then(({ Plot: plot }) => ({ default: plot })));

/** Runs that can be compared at a time. */
const most = 10;

/** Runs side by side: what differs between them first, then what they measured, over each other. */
export function ComparePage() {
  const [search] = useSearchParams();
  const ids = useMemo(
    () => [...new Set((search.get("runs") ?? "").split(",").filter(Boolean))].slice(0, most),
    [search],
  );
  const runs = useQueries({
    queries: ids.map((id) => ({ queryKey: ["runs", id, {}], queryFn: () => get<Run>(`runs/${id}`) })),
  });
  const found = runs.flatMap(({ data }) => data ?? []);
  const error = runs.find((each) => each.error)?.error;
  if (ids.length < 2)
    return (
      <Page title="Compare">
        <Empty title="Choose two to ten runs in the list, then Compare.">
          <Link href="/runs">To the runs</Link>
        </Empty>
      </Page>
    );
  const why = whyNotComparable(found);
  return (
    <Page title="Compare" lead={<p>{ids.length} runs</p>}>
      {error && <ProblemNote error={error} />}
      {why.length > 0 && (
        <section aria-label="Not comparable" className={classes.warning}>
          {why.map((reason) => (
            <p key={reason}>
              <Icon name="alert" /> {reason}
            </p>
          ))}
        </section>
      )}
      {found.length < ids.length && !error ? <Loading rows={6} /> : <Differences runs={found} />}
      <Overlays runs={found} />
    </Page>
  );
}

function Differences({ runs }: { runs: readonly Run[] }) {
  const [all, setAll] = useState(false);
  const settings = useMemo(() => runs.map((run) => flatten(run.resolved ?? run.spec)), [runs]);
  const names = [...new Set(settings.flatMap((each) => [...each.keys()]))];
  const differs = (name: string): boolean => new Set(settings.map((each) => each.get(name))).size > 1;
  const shown = names.filter((name) => all || differs(name));
  return (
    <Frame
      title="What differs"
      aside={
        <Button pressed={all} onPress={() => setAll(!all)}>
          All settings
        </Button>
      }
    >
      <Table label="What differs" columns={["Setting", ...runs.map((run) => nameOf(run))]}>
        <tr>
          <th scope="row">state</th>
          {runs.map((run) => (
            <td key={run.id}>
              <Link href={`/runs/${run.id}`}>
                <StateBadge state={run.state} />
              </Link>
            </td>
          ))}
        </tr>
        {shown.map((name) => (
          <tr key={name}>
            <th scope="row">
              <code>{name}</code>
            </th>
            {settings.map((each, i) => (
              <td key={runs[i]!.id} className={cells.wide}>
                {each.get(name) ?? "–"}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </Frame>
  );
}

const axes: { readonly [Each in Axis]: string } = {
  step: "step",
  time: "minutes since its first point",
  tokens: "million tokens, by its rate",
};

function Overlays({ runs }: { runs: readonly Run[] }) {
  const [smooth, setSmooth] = useState(0);
  const [axis, setAxis] = useState<Axis>("step");
  const ids = runs.map(({ id }) => id);
  const query = useQuery({
    queryKey: ["series", ids],
    queryFn: ({ signal }) => readSeries(runs, false, signal),
    enabled: runs.length > 0,
  });
  const names = [...new Set(query.data?.filter(({ x }) => x.length > 1).map(({ name }) => name))];
  if (names.length === 0) return null;
  return (
    <Panel
      title="Measured"
      query={query}
      aside={
        <>
          {(Object.keys(axes) as Axis[]).map((each) => (
            <Button key={each} look="bare" pressed={axis === each} onPress={() => setAxis(each)}>
              by {each}
            </Button>
          ))}
          <label className={classes.smooth}>
            Smoothing
            <input
              type="range"
              min={0}
              max={0.98}
              step={0.02}
              value={smooth}
              onChange={({ target }) => setSmooth(Number(target.value))}
            />
          </label>
        </>
      }
    >
      {(series) => (
        <div className={classes.charts}>
          {names.map((name) => (
            <Overlay key={name} name={name} smooth={smooth} axis={axis} runs={runs} series={series} />
          ))}
        </div>
      )}
    </Panel>
  );
}

interface OverlayProps {
  name: string;
  smooth: number;
  axis: Axis;
  runs: readonly Run[];
  series: readonly Series[];
}

const nameOf = (run: Run): string => `${titleOf(run)} …${run.id.slice(-4)}`;

function Overlay({ name, smooth, axis, runs, series }: OverlayProps) {
  const lines = runs.flatMap((run) =>
    series
      .filter((each) => each.name === name && each.runId === run.id)
      .map((each) => ({
        name: nameOf(run),
        x: axisOf(
          axis,
          each,
          series.find(({ name: other, runId }) => other === "tokens_per_second" && runId === run.id),
        ),
        y: smoothed(each.y, smooth),
      })),
  );
  const steps = [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const tables = lines.map(({ x, y }) => new Map(x.map((step, i) => [step, y[i]])));
  const rows = steps.map((step) => [
    String(step),
    ...tables.map((table) => (typeof table.get(step) === "number" ? number(table.get(step)!) : "–")),
  ]);
  const summary = lines
    .map((line) => `${line.name} ends at ${number(line.y.findLast((value) => value !== null) ?? Number.NaN)}`)
    .join("; ");
  return (
    <ChartFigure
      title={name}
      summary={summary}
      columns={[axes[axis], ...lines.map((line) => line.name)]}
      rows={rows}
    >
      <Suspense fallback={<Loading rows={5} />}>
        <Plot xLabel={axes[axis]} lines={lines} />
      </Suspense>
    </ChartFigure>
  );
}
