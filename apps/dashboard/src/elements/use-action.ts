import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../api/request.ts";

type Verb = "POST" | "PATCH" | "PUT" | "DELETE";

/** Changes something by a request; then all that is shown is asked for again, as a change may show anywhere. */
export function useAction<Result = unknown>() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, path, json }: { verb: Verb; path: string; json?: unknown }) =>
      send<Result>(verb, path, json),
    onSettled: () => void client.invalidateQueries(),
  });
}
