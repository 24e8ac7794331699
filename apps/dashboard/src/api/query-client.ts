import { QueryClient } from "@tanstack/react-query";
import { RequestProblem } from "./problem.ts";

/** What passes by itself is asked again; what the service has refused is not. */
const passes = (error: Error): boolean => !(error instanceof RequestProblem) || error.document.status >= 500;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      gcTime: 120_000,
      retry: (failures, error) => failures < 2 && passes(error),
      retryDelay: (failures) => Math.min(500 * 2 ** failures, 4_000),
    },
  },
});
