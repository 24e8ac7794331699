import type { ReactNode } from "react";
import classes from "./table.module.css";

interface TableProps {
  /** What the table is of, for whoever does not see it. */
  label: string;
  columns: readonly (string | { name: string; number: true } | { name: string; hidden: true })[];
  children: ReactNode;
}

/** A table that scrolls sideways by itself where the screen is narrow. */
export const Table = ({ label, columns, children }: TableProps) => (
  <div className={classes.scroll} tabIndex={0} role="group" aria-label={label}>
    <table className={classes.table}>
      <thead>
        <tr>
          {columns.map((column) => {
            const name = typeof column === "string" ? column : column.name;
            const style = typeof column === "object" && "number" in column ? classes.number : undefined;
            const hidden = typeof column === "object" && "hidden" in column;
            return (
              <th key={name} scope="col" className={style}>
                {hidden ? <span className="said">{name}</span> : name}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

export { classes as cells };
