import type { Pool } from "@espalier/contract";
import { Link } from "wouter";
import { Ago } from "../elements/time.tsx";
import classes from "./pool-summary.module.css";

/** The pool in one line of numbers. */
export const PoolSummary = ({ pool: { devices, queue, workers } }: { pool: Pool }) => (
  <p className={classes.summary}>
    <span>
      <b>{devices.busy}</b> of {devices.busy + devices.idle + devices.held} devices busy
    </span>
    {devices.held > 0 && (
      <span>
        <b>{devices.held}</b> on hold
      </span>
    )}
    <span>
      <b>{workers.active}</b> {workers.active === 1 ? "worker" : "workers"}
      {workers.draining > 0 && `, ${workers.draining} draining`}
      {workers.lost > 0 && `, ${workers.lost} lost`}
    </span>
    <span>
      <b>{queue.running}</b> running
    </span>
    <Link href="/queue">
      <b>{queue.queued}</b> in the queue
      {queue.oldest && (
        <>
          , the oldest for <Ago at={queue.oldest.queuedAt} suffix={false} />
        </>
      )}
    </Link>
    {queue.waiting > 0 && (
      <span>
        <b>{queue.waiting}</b> waiting for other runs
      </span>
    )}
  </p>
);
