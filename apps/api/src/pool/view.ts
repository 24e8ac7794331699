import { holdCauses, type Device, type Worker, type WorkerEvent } from "@espalier/contract";

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
