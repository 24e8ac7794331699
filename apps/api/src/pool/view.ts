import { holdCauses, type Device, type Worker, type WorkerEvent } from "@espalier/contract";

/**
 * A worker as a team may see it. A team sees what it needs to know of the shared pool: what there is, what is busy, and that
 * something takes no runs; not what operators and drivers say of it.
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

/** An event without who did it and why. */
export function teamEvent({ reason: _reason, by: _by, ...event }: WorkerEvent): WorkerEvent {
  return event;
}
