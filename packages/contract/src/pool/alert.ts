import { Type, type Static } from "typebox";
import { Timestamp } from "../id.ts";
import { holdCauses, type HoldCause } from "./device.ts";

/** What each alert says, in facts. */
export interface AlertFacts {
  "data-folder-away": { reason: string };
  "data-folder-full": { path: string; freeBytes: number; neededBytes: number };
  "scheduler-silent": { seconds: number; leader: string };
  "delivery-queues-away": { server: "Redis" | "PostgreSQL" };
  "no-worker": { queued: number };
  "no-device": { devices: number };
  "connections-used": { used: number; allowed: number };
  "connections-short": { needed: number; allowed: number; processes: string; fitting: number };
  "worker-lost": { worker: string; host: string };
  "device-held": { cause: HoldCause; reason: string };
  "clock-off": { host: string; seconds: number };
  "webhook-paused": { team: string; name: string; reason: string };
}
export type AlertCode = keyof AlertFacts;

interface AlertRow<Code extends AlertCode> {
  /** `critical`: no run starts anywhere. `warning`: a part of the pool does not work, or will not when more is asked of it. */
  severity: "critical" | "warning";
  /** All that a team's key sees of it: it names no path and nobody's programs. */
  title: string;
  /** What is wrong, as one sentence or two for operators. */
  message: (facts: AlertFacts[Code]) => string;
  /** What to do about it. */
  action: (facts: AlertFacts[Code]) => string;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Every alert of the pool, by its code. docs/operations.md has the same table. */
export const alertRows: { readonly [Code in AlertCode]: AlertRow<Code> } = {
  "data-folder-away": {
    severity: "critical",
    title: "The shared data folder is not there: no run starts until it is, and none is charged",
    message: ({ reason }) => `No run starts, and none is charged, until the data folder is back. ${reason}`,
    action: () => "Do what the message says; runs go on by themselves within seconds.",
  },
  "data-folder-full": {
    severity: "critical",
    title: "The shared data volume is full: no run starts or is charged until there is space",
    message: ({ path, freeBytes, neededBytes }) =>
      `The shared data volume is full (${gigabytes(freeBytes)} are free for ${path}): no run starts or is charged until ${gigabytes(neededBytes)} are free.`,
    action: () =>
      "Delete what nobody needs (`espalier gc`, `espalier run rm`), or enlarge the volume; runs go on by themselves.",
  },
  "scheduler-silent": {
    severity: "critical",
    title: "The scheduler is silent: no run starts",
    message: ({ seconds, leader }) =>
      `No pass of the scheduler has ended for ${Math.round(seconds)} s, so no run starts. The last one was by ${leader}.`,
    action: () =>
      "Look at the logs of the APIs for why its passes fail; if that process hangs, end it, and another API leads.",
  },
  "delivery-queues-away": {
    severity: "critical",
    title: "The server of the delivery queues does not answer: no run starts",
    message: ({ server }) =>
      `${server}, which has the delivery queues, does not answer: workers hear of no new runs. Those that compute go on.`,
    action: ({ server }) =>
      `Start ${server}, or mend ${server === "Redis" ? "REDIS_URL" : "the way to it"}; what was not delivered is delivered again.`,
  },
  "no-worker": {
    severity: "critical",
    title: "No worker is alive: no run starts",
    message: ({ queued }) => `No worker is alive, and ${queued} runs wait for devices.`,
    action: () =>
      "Start a worker; the log of one that ended says why. `espalier worker list` has those of the last day.",
  },
  "no-device": {
    severity: "critical",
    title: "No device of the pool takes new runs",
    message: ({ devices }) =>
      `None of the ${devices} devices of living workers takes new runs; all are held, cordoned or drained.`,
    action: () => "`espalier worker list` says why; resume, uncordon or mend one.",
  },
  "connections-used": {
    severity: "warning",
    title: "The database has few connections left",
    message: ({ used, allowed }) =>
      `${used} of the ${allowed} connections that the database gives are in use.`,
    action: () =>
      "`espalier pool` says who holds them. End what is not of the pool, raise max_connections, or put PgBouncer before it.",
  },
  "connections-short": {
    severity: "warning",
    title: "The database has not enough connections for all that may want one",
    message: ({ processes, needed, allowed }) =>
      `${processes} may hold ${needed} connections, and the database gives ${allowed}. What finds none is refused with 503, or waits.`,
    action: ({ fitting }) =>
      `Set max_connections = ${fitting} and restart PostgreSQL, or put PgBouncer before it (docs/operations.md).`,
  },
  "worker-lost": {
    severity: "warning",
    title: "A worker is lost",
    message: ({ worker, host }) => `Worker ${worker} on ${host} shows no sign of life; others take its runs.`,
    action: ({ host }) => `Look at ${host} and at the worker's log, and start the worker again.`,
  },
  "device-held": {
    severity: "warning",
    title: "A device takes no new runs",
    message: ({ cause, reason }) => `${holdCauses[cause].title}. ${reason}`,
    action: ({ cause }) => holdCauses[cause].action,
  },
  "clock-off": {
    severity: "warning",
    title: "The clock of a host is off",
    message: ({ host, seconds }) =>
      `The clock of ${host} is ${Math.round(Math.abs(seconds))} s ${seconds > 0 ? "ahead of" : "behind"} the database's. Runs are safe; times in its logs are off.`,
    action: ({ host }) => `Set the clock of ${host} (NTP).`,
  },
  // A team sees its own alone.
  "webhook-paused": {
    severity: "warning",
    title: "A webhook was paused, as its receiver fails: it is told of nothing until somebody resumes it",
    message: ({ team, name, reason }) =>
      `The webhook ${name} of team ${team} was paused and is told of nothing. ${reason}`,
    action: ({ name }) =>
      `Mend its receiver, then \`espalier webhook resume ${name}\` by the team; or remove it.`,
  },
};

/** Something that is wrong with the pool, and what to do about it. */
export const Alert = Type.Object({
  code: Type.Unsafe<AlertCode>({ type: "string", enum: Object.keys(alertRows) }),
  severity: Type.Enum(["critical", "warning"], {
    description: "critical: no run starts anywhere; warning: a part does not work",
  }),
  since: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: "absent where it is not known" })),
  subject: Type.String({
    description: "a worker, a device as `worker cuda:0`, or a part of the service",
  }),
  message: Type.String(),
  action: Type.Optional(Type.String({ description: "what to do; operators only" })),
});
export type Alert = Static<typeof Alert>;

/** An alert as operators see it. */
export function raise<Code extends AlertCode>(
  code: Code,
  subject: string,
  facts: AlertFacts[Code],
  since?: string,
): Alert {
  const { severity, message, action } = alertRows[code];
  return {
    code,
    severity,
    ...(since === undefined ? {} : { since }),
    subject,
    message: message(facts),
    action: action(facts),
  };
}
