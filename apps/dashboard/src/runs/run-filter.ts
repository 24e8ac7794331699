import { useCallback, useMemo } from "react";
import { useSearchParams } from "wouter";

/** What the list of runs can be filtered by. All of it is in the address, so that a view can be sent to somebody. */
export const filters = ["q", "state", "kind", "createdBy", "experimentId", "model", "tag"] as const;
export type FilterName = (typeof filters)[number];
export type RunFilter = Partial<Record<FilterName, string>>;

/** The filter of the address, and the way to change it. */
export function useRunFilter(): [RunFilter, (name: FilterName, value: string | undefined) => void] {
  const [search, setSearch] = useSearchParams();
  const filter = useMemo(() => {
    const found: RunFilter = {};
    for (const name of filters) {
      const value = search.get(name);
      if (value !== null && value !== "") found[name] = value;
    }
    return found;
  }, [search]);
  const set = useCallback(
    (name: FilterName, value: string | undefined) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          if (value === undefined || value === "") after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
    [setSearch],
  );
  return [filter, set];
}
