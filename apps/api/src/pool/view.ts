import {
  alertRows,
  holdCauses,
  type Alert,
  type Device,
  type Pool,
  type Worker,
  type WorkerEvent,
} from "@espalier/contract";

/**
 * A worker as a team may see it. A team sees which devices there are, which are busy and which take no runs. It does not see
 * what operators and drivers write about them.
 */
export function teamView({ drain, devices, ...worker }: Worker): Worker {
  return {
    ...worker,
    ...(drain && {
      drain: { since: drain.since, now: drain.now, ...(drain.doneAt && { doneAt: drain.doneAt }) },
    }),
    devices: devices.map(deviceView),
  };
}

const deviceView = ({ holds, ...device }: Device): Device => ({
  ...device,
  holds: holds.map(({ cause, since }) => ({ cause, since, reason: `${holdCauses[cause].title}.` })),
});

/** The event without its author and its reason. */
export function teamEvent({ reason: _reason, by: _by, ...event }: WorkerEvent): WorkerEvent {
  return event;
}

/** The pool as a team may see it: without paths, reasons, who leads and who holds connections. */
export function teamPool({ alerts, held, dataFolder, database, scheduler, ...pool }: Pool): Pool {
  const { path: _path, reason: _reason, ...folder } = dataFolder;
  const { connections: _connections, ...rest } = database;
  const { leader: _leader, leadingSince: _leadingSince, ...passes } = scheduler;
  return {
    ...pool,
    alerts: alerts.map(teamAlert),
    held: held.map(({ reason: _reason, ...part }) => part),
    dataFolder: folder,
    database: rest,
    scheduler: passes,
  };
}

const teamAlert = ({ message: _message, action: _action, ...alert }: Alert): Alert => ({
  ...alert,
  message: `${alertRows[alert.code].title}.`,
});
