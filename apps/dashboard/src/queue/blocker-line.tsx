import type { QueueEntry, Unblock } from "@espalier/contract";
import { Link } from "wouter";
import { Ago, useNow } from "../elements/time.tsx";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { StateBadge } from "../elements/badge.tsx";
import { endOf, titleOf } from "../runs/title.ts";
import classes from "./queue.module.css";

export type Blocker = NonNullable<QueueEntry["blockers"]>[number] & { startedAt?: string };

/** A run that another one waits for: what it is, how far it has come and when it is expected to end. */
export function BlockerLine({ blocker }: { blocker: Blocker }) {
  const now = useNow();
  const end = endOf(
    {
      ...(blocker.startedAt !== undefined && { startedAt: blocker.startedAt }),
      ...(blocker.progress && { progress: blocker.progress }),
    },
    now,
  );
  return (
    <span className={classes.blocker}>
      <StateBadge state={blocker.state} />
      <Link href={`/runs/${blocker.runId}`}>{titleOf(blocker)}</Link>
      {blocker.progress && <ProgressBar runId={blocker.runId} progress={blocker.progress} />}
      {end !== undefined && (
        <span className={classes.quiet}>
          ends <Ago at={new Date(end).toISOString()} />
        </span>
      )}
    </span>
  );
}

type Helps = { [By in Unblock["by"]]: (unblock: Extract<Unblock, { by: By }>) => string };
const helps: Helps = {
  worker: () => "a worker that can take it",
  time: ({ at }) => `the time: ${new Date(at).toLocaleString()}`,
  runs: ({ runIds, others = 0 }) =>
    `the end of ${[runIds.length > 0 && `${runIds.length} of your team's runs`, others > 0 && `${others} of another team's`].filter(Boolean).join(" and ") || "another run"}`,
  turn: ({ ahead }) => (ahead === 0 ? "a free device" : `the start of ${ahead} before it`),
  quota: () => "a larger quota, which an operator gives",
  release: () => "its release",
  device: ({ deviceIds }) =>
    deviceIds.length > 0 ? "an operator, who lets its device take runs" : "a larger device",
  request: () => "a smaller request",
};

/** What would let a run start, in a few words. */
export const helpOf = (unblock: Unblock): string => (helps[unblock.by] as (each: Unblock) => string)(unblock);
