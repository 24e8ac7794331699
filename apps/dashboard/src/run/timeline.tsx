import type { Attempt, Run } from "@espalier/contract";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Panel } from "../elements/panel.tsx";
import { Ago, Took } from "../elements/time.tsx";
import classes from "./timeline.module.css";

/** What happened to a run: made, queued and why, each attempt with where it went on and how it ended, and the end. */
export function Timeline({ run }: { run: Run }) {
  const attempts = useResource<{ items: Attempt[] }>(`runs/${run.id}/attempts`);
  return (
    <Panel title="Timeline" query={attempts} rows={3}>
      {({ items }) => (
        <ol className={classes.timeline}>
          <li>
            <span className={classes.what}>
              Made{run.createdBy && ` by ${run.createdBy.user}`}
              {run.createdBy?.schedule && `, by the schedule ${run.createdBy.schedule.name}`}
            </span>
            <Ago at={run.createdAt} />
          </li>
          {run.queuedAt !== undefined && (
            <li>
              <span className={classes.what}>
                Queued{items[0] && <> for {<Took from={run.queuedAt} to={items[0].startedAt} />}</>}
              </span>
              <Ago at={run.queuedAt} />
              {run.waiting && <p>{run.waiting.detail}</p>}
            </li>
          )}
          {items.map((attempt) => (
            <AttemptItem key={attempt.number} attempt={attempt} />
          ))}
          {run.cancelRequestedAt !== undefined && (
            <li>
              <span className={classes.what}>
                Cancelled{run.cancelledBy && ` by ${run.cancelledBy.user}`}
              </span>
              <Ago at={run.cancelRequestedAt} />
            </li>
          )}
        </ol>
      )}
    </Panel>
  );
}

const AttemptItem = ({ attempt }: { attempt: Attempt }) => (
  <li>
    <span className={classes.what}>
      Attempt {attempt.number} on {attempt.worker.name} <StateBadge state={attempt.state} />
    </span>
    <span>
      <Ago at={attempt.startedAt} />, for <Took from={attempt.startedAt} to={attempt.endedAt} />
    </span>
    {attempt.resumedStep !== undefined && <p>It went on from step {attempt.resumedStep}.</p>}
    {attempt.preempted && <p>It made room: {attempt.preempted.reason.replaceAll("-", " ")}.</p>}
    {attempt.problem && (
      <p>
        {attempt.problem.detail} <code>{attempt.problem.code}</code>
      </p>
    )}
    {attempt.lostSteps !== undefined && attempt.lostSteps > 0 && (
      <p>{attempt.lostSteps} steps have to be computed again.</p>
    )}
  </li>
);
