import type { Page, Run, RunOrder } from "@espalier/contract";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { get } from "../api/request.ts";
import { useLive } from "../live/use-live.ts";
import type { RunFilter } from "./run-filter.ts";

/** Rows that are asked for at a time. */
const limit = 100;

/** The runs that a filter lets through, page by page as somebody scrolls. */
export function useRuns(filter: RunFilter, sort: RunOrder) {
  const { status } = useLive();
  return useInfiniteQuery({
    queryKey: ["runs", { ...filter, sort }],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Run>>(
        "runs",
        {
          ...filter,
          ...(sort !== "newest" && { sort }),
          limit,
          ...(pageParam !== "" && { cursor: pageParam }),
        },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: ({ cursor }) => cursor,
    refetchInterval: status === "live" ? 60_000 : 5_000,
    placeholderData: keepPreviousData,
  });
}
