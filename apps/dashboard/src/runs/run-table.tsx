import type { Run } from "@espalier/contract";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef } from "react";
import { useLocation } from "wouter";
import { cells } from "../elements/table.tsx";
import { useRows } from "../elements/use-rows.ts";
import { columnOf, stateCell, whyOf, type ColumnName } from "./columns.tsx";
import { RunLink } from "./run-link.tsx";
import { titleOf } from "./title.ts";
import type { Chosen } from "./use-chosen.ts";
import classes from "./run-table.module.css";

interface Props {
  runs: readonly Run[];
  /** What is shown is of another filter, or of before the service went away. */
  old: boolean;
  chosen: Chosen;
  columns: readonly ColumnName[];
  /** Asks for the next page; undefined where there is none, or it is on its way. */
  more: (() => void) | undefined;
}

const rowHeight = 38;
/** Columns that every list has: the choice, the state and the name. */
const fixed = 3;

/** A table of any length, of which only what is seen is in the page. */
export function RunTable({ runs, old, chosen, columns, more }: Props) {
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
            <th scope="col">
              <span className="said">Choose</span>
            </th>
            <th scope="col">State</th>
            <th scope="col">Run</th>
            {columns.map((column) => (
              <th key={column} scope="col" className={columnOf(column).number && cells.number}>
                {columnOf(column).title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Space height={before} columns={fixed + columns.length} />
          {seen.map(({ index }) => {
            const run = runs[index];
            return (
              run && (
                <Row
                  key={run.id}
                  run={run}
                  index={index}
                  columns={columns}
                  attributes={row(run.id)}
                  isChosen={chosen.ids.has(run.id)}
                  toggle={chosen.toggle}
                />
              )
            );
          })}
          <Space height={after} columns={fixed + columns.length} />
        </tbody>
      </table>
    </div>
  );
}

/** The rows that are not in the page. */
function Space({ height, columns }: { height: number; columns: number }) {
  return height > 0 ? (
    <tr aria-hidden="true" className={classes.space}>
      <td colSpan={columns} height={height} />
    </tr>
  ) : null;
}

interface RowProps {
  run: Run;
  index: number;
  columns: readonly ColumnName[];
  attributes: ReturnType<ReturnType<typeof useRows>>;
  isChosen: boolean;
  toggle: (id: string) => void;
}

const Row = memo(
  ({ run, index, columns, attributes, isChosen, toggle }: RowProps) => (
    <tr {...attributes} aria-rowindex={index + 2} className={isChosen ? cells.chosen : undefined}>
      <td>
        <input
          type="checkbox"
          checked={isChosen}
          onChange={() => toggle(run.id)}
          aria-label={`Choose ${titleOf(run)}`}
        />
      </td>
      <td>{stateCell(run)}</td>
      <th scope="row">
        <RunLink run={run} />
      </th>
      {columns.map((name) => {
        const { number, cut, cell } = columnOf(name);
        return (
          <td key={name} className={number ? cells.number : cut && classes.why} title={cut && whyOf(run)}>
            {cell(run)}
          </td>
        );
      })}
    </tr>
  ),
  (a, b) =>
    a.run === b.run &&
    a.columns === b.columns &&
    a.isChosen === b.isChosen &&
    a.index === b.index &&
    a.attributes.tabIndex === b.attributes.tabIndex,
);
Row.displayName = "Row";
