import type { Event } from "@espalier/contract";
import type { QueryClient } from "@tanstack/react-query";
import { followEvents, type Following } from "./follow.ts";
import { forgetProgress, setLive, setProgress } from "./use-live.ts";

/** What has changed is asked for again at most this often, however many events come. */
const gatherMs = 400;

let following: Following | undefined;

/** Follows the events and asks anew for what they say has changed. Once for a page; later calls connect again. */
export function startLive(client: QueryClient): void {
  if (following) return following.connect();
  const stale = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const gather = (keys: readonly string[]): void => {
    for (const key of keys) stale.add(key);
    timer ??= setTimeout(() => {
      timer = undefined;
      const now = [...stale];
      stale.clear();
      // A list has its query where one thing has its id.
      void client.invalidateQueries({
        predicate: ({ queryKey: [noun, id] }) =>
          now.includes(typeof id === "string" ? `${String(noun)}/${id}` : String(noun)),
      });
    }, gatherMs);
  };
  following = followEvents((message) => {
    switch (message.type) {
      case "status":
        return setLive(message.status);
      case "gap":
        return void client.invalidateQueries();
      case "event":
        return gather(concerned(message.event));
    }
  });
}

/** What an event makes old: lists by their noun, and single things as `runs/run_…`. */
function concerned(event: Event): readonly string[] {
  if (event.type === "run.progress") {
    setProgress(event.runId, event.progress);
    return [];
  }
  const own = [
    `runs/${event.runId}`,
    ...(event.experimentId === undefined ? [] : [`experiments/${event.experimentId}`]),
  ];
  if (event.type === "run.waiting") return [...own, "queue"];
  if (event.type === "run.state") forgetProgress(event.runId);
  return [...own, "runs", "queue", "pool", "workers", "overview", "experiments"];
}
