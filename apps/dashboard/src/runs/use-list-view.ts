import type { RunOrder } from "@espalier/contract";
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { columnNames, usualColumns, type ColumnName } from "./columns.tsx";

/** In which order runs are listed. */
export const orders: { readonly [Order in RunOrder]: string } = {
  newest: "newest first",
  oldest: "oldest first",
  ended: "last ended first",
  duration: "longest first",
};

export interface ListView {
  columns: readonly ColumnName[];
  sort: RunOrder;
  setColumns: (columns: readonly ColumnName[]) => void;
  setSort: (sort: RunOrder) => void;
}

/** Which columns a list has and in which order it is; both are in the address, where they are not the usual ones. */
export function useListView(): ListView {
  const [search, setSearch] = useSearchParams();
  return useMemo(() => {
    const wanted = search.get("columns")?.split(",") ?? usualColumns;
    const sort = search.get("sort") ?? "newest";
    const change = (name: string, value: string, usual: string): void =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          if (value === usual) after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: true },
      );
    return {
      columns: columnNames.filter((name) => wanted.includes(name)),
      sort: sort in orders ? (sort as RunOrder) : "newest",
      setColumns: (columns) => change("columns", columns.join(","), usualColumns.join(",")),
      setSort: (order) => change("sort", order, "newest"),
    };
  }, [search, setSearch]);
}
