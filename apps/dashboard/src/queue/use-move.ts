import type { QueueEntry } from "@espalier/contract";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../api/request.ts";
import { prioritiesFor, type Placed } from "./order.ts";

export type Move = "first" | "up" | "down" | "last";

/** Runs whose priorities one move may change; more take too long, and are moved to the front or the end. */
const most = 40;

/**
 * Moves runs among those of the same user and class that wait too, by their priorities; the order between users is that of their
 * shares. `mutate` takes a run's id and where it goes.
 */
export function useMove(entries: readonly QueueEntry[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ runId, move }: { runId: string; move: Move }): Promise<string> => {
      const peers = peersOf(entries, runId);
      const order = moved(peers, runId, move);
      if (!order)
        return move === "up" || move === "first" ? "It is the first already." : "It is the last already.";
      const changes = prioritiesFor(order);
      if (!changes || changes.size > most)
        throw new Error("Too many runs would have to change; move it to the front or to the end.");
      for (const [id, priority] of changes) await send("PATCH", `runs/${id}`, { priority });
      const place = order.findIndex((each) => each.runId === runId) + 1;
      return `It is ${place} of ${order.length} of its user's now; the queue follows within seconds.`;
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["queue"] }),
  });
}

/** The waiting runs of the same user and class, in the order of the queue. */
function peersOf(entries: readonly QueueEntry[], runId: string): Placed[] {
  const own = entries.find((each) => each.runId === runId);
  return entries.flatMap(({ runId: id, priority, queuedAt, user, class: each, state }) =>
    id !== undefined &&
    priority !== undefined &&
    user === own?.user &&
    each === own?.class &&
    state === "QUEUED"
      ? [{ runId: id, priority, queuedAt }]
      : [],
  );
}

/** The order with one run moved; undefined where it stands there already. */
function moved(peers: readonly Placed[], runId: string, move: Move): Placed[] | undefined {
  const from = peers.findIndex((each) => each.runId === runId);
  const to = { first: 0, up: from - 1, down: from + 1, last: peers.length - 1 }[move];
  if (from < 0 || to < 0 || to >= peers.length || to === from) return undefined;
  const order = peers.filter((_, i) => i !== from);
  order.splice(to, 0, peers[from]!);
  return order;
}
