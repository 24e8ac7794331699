import type { Run } from "@espalier/contract";
import { useQueries } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { get } from "../api/request.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { Empty } from "../elements/empty.tsx";
import { number } from "../elements/format.ts";
import { ChartFigure } from "../charts/figure.tsx";
import { Page } from "../elements/page.tsx";
import { Frame, Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { cells, Table } from "../elements/table.tsx";
import { flatten } from "../run/settings.ts";
import { readSeries, type Series } from "../run/series.ts";
import { titleOf } from "../runs/title.ts";
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
      {why.map((reason) => (
        <p key={reason} className={classes.warning}>
          {reason}
        </p>
      ))}
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
      <Table
        label="What differs"
        columns={["Setting", ...runs.map((run) => `${titleOf(run)} …${run.id.slice(-4)}`)]}
      >
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

function Overlays({ runs }: { runs: readonly Run[] }) {
  const [smooth, setSmooth] = useState(0);
  const series = useQueries({
    queries: runs.map(({ id }) => ({
      queryKey: ["series", id, "compared"],
      queryFn: ({ signal }: { signal: AbortSignal }) => readSeries(id, false, signal),
    })),
  });
  const measured = runs.map((run, i) => ({
    name: `${titleOf(run)} …${run.id.slice(-4)}`,
    series: series[i]?.data ?? [],
  }));
  const names = [
    ...new Set(
      measured.flatMap((each) => each.series.filter(({ x }) => x.length > 1).map(({ name }) => name)),
    ),
  ];
  if (names.length === 0) return null;
  return (
    <Frame
      title="Measured"
      aside={
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
      }
    >
      <div className={classes.charts}>
        {names.map((name) => (
          <Overlay key={name} name={name} smooth={smooth} measured={measured} />
        ))}
      </div>
    </Frame>
  );
}

interface OverlayProps {
  name: string;
  smooth: number;
  measured: readonly { name: string; series: readonly Series[] }[];
}

function Overlay({ name, smooth, measured }: OverlayProps) {
  const lines = measured.flatMap((run) =>
    run.series
      .filter((each) => each.name === name)
      .map(({ x, y }) => ({ name: run.name, x, y: smoothed(y, smooth) })),
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
      columns={["step", ...lines.map((line) => line.name)]}
      rows={rows}
    >
      <Suspense fallback={<Loading rows={5} />}>
        <Plot xLabel="step" lines={lines} />
      </Suspense>
    </ChartFigure>
  );
}
