import type { Run } from "@espalier/contract";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef } from "react";
import { useLocation } from "wouter";
import { StateBadge } from "../elements/badge.tsx";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { cells } from "../elements/table.tsx";
import { Ago, Took } from "../elements/time.tsx";
import { useRows } from "../elements/use-rows.ts";
import { RunLink } from "./run-link.tsx";
import { titleOf } from "./title.ts";
import type { Chosen } from "./use-chosen.ts";
import classes from "./run-table.module.css";

interface Props {
  runs: readonly Run[];
  /** What is shown is of another filter, or of before the service went away. */
  old: boolean;
  chosen: Chosen;
  /** Asks for the next page; undefined where there is none, or it is on its way. */
  more: (() => void) | undefined;
}

const rowHeight = 38;
const columns = [
  "Choose",
  "State",
  "Run",
  "Kind",
  "User",
  "Progress",
  "Took",
  "Attempt",
  "Made",
  "Why",
] as const;

/** A table of any length, of which only what is seen is in the page. */
export function RunTable({ runs, old, chosen, more }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const seen = virtual.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= runs.length - 20) more?.();
  }, [last, runs.length, more]);
  const ids = useMemo(() => runs.map(({ id }) => id), [runs]);
  const [, go] = useLocation();
  const row = useRows(ids, {
    toggle: chosen.toggle,
    open: (id) => go(`/runs/${id}`),
    reveal: (index) => virtual.scrollToIndex(index),
  });
  const [before, after] = [seen[0]?.start ?? 0, virtual.getTotalSize() - (seen.at(-1)?.end ?? 0)];
  return (
    <div ref={scroller} className={classes.scroller} tabIndex={0} role="region" aria-label="Runs">
      <table
        className={`${cells.table} ${old ? classes.old : ""}`}
        aria-rowcount={more ? -1 : runs.length + 1}
      >
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column}
                scope="col"
                className={
                  column === "Took" || column === "Attempt" || column === "Made" ? cells.number : undefined
                }
              >
                {column === "Choose" ? <span className="said">{column}</span> : column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Space height={before} />
          {seen.map(({ index }) => {
            const run = runs[index];
            return (
              run && (
                <Row
                  key={run.id}
                  run={run}
                  index={index}
                  attributes={row(run.id)}
                  isChosen={chosen.ids.has(run.id)}
                  toggle={chosen.toggle}
                />
              )
            );
          })}
          <Space height={after} />
        </tbody>
      </table>
    </div>
  );
}

/** The rows that are not in the page. */
function Space({ height }: { height: number }) {
  return height > 0 ? (
    <tr aria-hidden="true" className={classes.space}>
      <td colSpan={columns.length} height={height} />
    </tr>
  ) : null;
}

interface RowProps {
  run: Run;
  index: number;
  attributes: ReturnType<ReturnType<typeof useRows>>;
  isChosen: boolean;
  toggle: (id: string) => void;
}

const Row = memo(
  ({ run, index, attributes, isChosen, toggle }: RowProps) => (
    <tr {...attributes} aria-rowindex={index + 2} className={isChosen ? cells.chosen : undefined}>
      <td>
        <input
          type="checkbox"
          checked={isChosen}
          onChange={() => toggle(run.id)}
          aria-label={`Choose ${titleOf(run)}`}
        />
      </td>
      <td>
        <StateBadge state={run.state} title={run.cancelledBy && `Cancelled by ${run.cancelledBy.user}`} />
      </td>
      <th scope="row">
        <RunLink run={run} />
      </th>
      <td>{run.kind}</td>
      <td>{run.createdBy?.user ?? "–"}</td>
      <td>
        {run.state === "RUNNING" ? (
          <ProgressBar runId={run.id} progress={run.progress} />
        ) : (
          <span className={cells.quiet}>–</span>
        )}
      </td>
      <td className={cells.number}>
        {run.startedAt === undefined ? "–" : <Took from={run.startedAt} to={run.endedAt} />}
      </td>
      <td className={cells.number}>{run.attempt || "–"}</td>
      <td className={cells.number}>
        <Ago at={run.createdAt} />
      </td>
      <td className={classes.why} title={whyOf(run)}>
        {whyOf(run) ?? ""}
      </td>
    </tr>
  ),
  (a, b) =>
    a.run === b.run &&
    a.isChosen === b.isChosen &&
    a.index === b.index &&
    a.attributes.tabIndex === b.attributes.tabIndex,
);
Row.displayName = "Row";

/** Why a run is in its state, where that is a question. */
const whyOf = (run: Run): string | undefined =>
  run.problem?.detail ?? run.waiting?.detail ?? (run.cancelledBy && `by ${run.cancelledBy.user}`);
