import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useLive } from "../live/use-live.ts";
import { get, type Query } from "./request.ts";

interface Options {
  query?: Query;
  /** Milliseconds between looks while events come live; default: a minute, as events say what has changed. */
  everyMs?: number;
  enabled?: boolean;
}

/** Milliseconds between looks while no events come. */
const pollMs = 5_000;

/**
 * A resource of the API. Its key in the cache begins with the noun of its path, by which events find it. While it is asked for
 * anew, and while the service is away, what was there before stays.
 */
export function useResource<T>(
  path: string,
  { query = {}, everyMs = 60_000, enabled = true }: Options = {},
): UseQueryResult<T> {
  const { status } = useLive();
  return useQuery({
    queryKey: [...path.split("/"), query],
    queryFn: ({ signal }) => get<T>(path, query, signal),
    refetchInterval: status === "live" ? everyMs : Math.min(everyMs, pollMs),
    placeholderData: keepPreviousData,
    enabled,
  });
}
