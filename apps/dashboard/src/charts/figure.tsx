import { useId, useState, type ReactNode } from "react";
import { Button } from "../elements/button.tsx";
import { cells, Table } from "../elements/table.tsx";
import classes from "./figure.module.css";

interface FigureProps {
  title: string;
  /** What the figure shows, in a sentence, for whoever does not see it. */
  summary: string;
  columns: readonly string[];
  /** What is drawn, as cells of a table. */
  rows: readonly (readonly string[])[];
  children: ReactNode;
}

const pageSize = 50;

/** A chart with its summary, and with all that it shows as a table, page by page. */
export function ChartFigure({ title, summary, columns, rows, children }: FigureProps) {
  const [page, setPage] = useState<number>();
  const caption = useId();
  const pages = Math.ceil(rows.length / pageSize);
  return (
    <figure className={classes.figure} aria-labelledby={caption}>
      <figcaption id={caption}>
        <strong>{title}</strong> <span className={classes.summary}>{summary}</span>
      </figcaption>
      {children}
      <div className={classes.below}>
        <Button
          look="bare"
          pressed={page !== undefined}
          onPress={() => setPage(page === undefined ? 0 : undefined)}
          label={`${title} as a table`}
        >
          As a table
        </Button>
        {page !== undefined && pages > 1 && (
          <>
            <Button look="bare" disabled={page === 0} onPress={() => setPage(page - 1)} label="Rows before">
              ‹
            </Button>
            <span>
              {page + 1} of {pages}
            </span>
            <Button
              look="bare"
              disabled={page === pages - 1}
              onPress={() => setPage(page + 1)}
              label="Next rows"
            >
              ›
            </Button>
          </>
        )}
      </div>
      {page !== undefined && (
        <Table label={`${title}, values`} columns={columns.map((name) => ({ name, number: true as const }))}>
          {rows.slice(page * pageSize, (page + 1) * pageSize).map((row) => (
            <tr key={row[0]}>
              {row.map((cell, i) => (
                <td key={columns[i]} className={cells.number}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      )}
    </figure>
  );
}
