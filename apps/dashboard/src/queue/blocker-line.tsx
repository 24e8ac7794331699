import type { QueueEntry } from "@espalier/contract";
import { Link } from "wouter";
import { Ago, useNow } from "../elements/time.tsx";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { StateBadge } from "../elements/badge.tsx";
import { endOf, titleOf } from "../runs/title.ts";
import classes from "./queue.module.css";

export type Blocker = NonNullable<QueueEntry["blockers"]>[number];

/** A run that another one waits for: what it is, how far it has come and when it is expected to end. */
export function BlockerLine({ blocker }: { blocker: Blocker }) {
  const now = useNow();
  const end = endOf(blocker, now);
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
